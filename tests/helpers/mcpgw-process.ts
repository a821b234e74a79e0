/** `mcpgw` as a process of its own, started by its launcher as a person would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const LAUNCHER = fileURLToPath(new URL('../../bin/mcpgw.js', import.meta.url));

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs to the end. */
export function mcpgw(
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(options.input);
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

export interface DevProcess {
  child: ChildProcess;
  issuer: string;
  urls: Record<string, string>;
  /** Names of the services that are served, when all have settled. */
  ready: Record<string, string>;
  events: { event: string; [name: string]: unknown }[];
  output(): string;
  /** @returns the exit code */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** `mcpgw dev --json` on a free port, when every service is ready or has failed. */
export async function startDev(
  args: string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv; node?: string },
): Promise<DevProcess> {
  const child = spawn(options.node ?? process.execPath, [LAUNCHER, 'dev', '--json', '--port', '0', ...args], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const events: DevProcess['events'] = [];
  let output = '';
  const exited = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  await new Promise<void>((resolve, reject) => {
    let rest = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) events.push(JSON.parse(line));
      if (events.some(({ event }) => event === 'settled')) resolve();
    });
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    void exited.then((code) => reject(new Error(`mcpgw dev ended with ${code}:\n${output}`)));
  });
  const find = (name: string) => events.find(({ event }) => event === name) as unknown as DevProcess;
  return {
    child,
    issuer: find('listening').issuer,
    urls: find('listening').urls,
    ready: find('settled').ready,
    events,
    output: () => output,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return exited;
    },
  };
}
