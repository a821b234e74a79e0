/** A real Redis for tests: Debian's `redis-server`, in a temporary folder, on a free port of loopback. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../helpers/free-port.ts';

export interface RedisServer {
  url: string;
  port: number;
  pid: number;
  /** Ends it with SIGKILL; the folder stays for `startRedis`. */
  kill: () => Promise<void>;
  /** Ends it and removes its folder. */
  stop: () => Promise<void>;
}

export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** @param options folder and port of an earlier one start it anew with its data; `args` go over ours */
export async function startRedis(
  options: { port?: number; folder?: string; password?: string; args?: string[] } = {},
): Promise<RedisServer & { folder: string }> {
  const {
    folder = mkdtempSync(join(tmpdir(), 'mcpgw-redis-')),
    port = await freePort(),
    password,
    args = [],
  } = options;
  const child = spawn(
    'redis-server',
    [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
      ...['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'],
      ...(password === undefined ? [] : ['--requirepass', password]),
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  // A test run that ends early must not leave it behind.
  const killNow = (): void => void child.kill('SIGKILL');
  process.once('exit', killNow);
  child.once('exit', () => process.off('exit', killNow));
  const log: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      log.push(line);
      if (line.includes('Ready to accept connections')) resolve();
    });
    child.once('exit', () => reject(new Error(`redis-server did not start:\n${log.join('\n')}`)));
  });
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    folder,
    pid: child.pid ?? 0,
    kill,
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
