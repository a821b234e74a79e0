/** How long commands take to start, against a bare `node -e 0`, interleaved in one run. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAUNCHER } from '../helpers/mcpgw-process.ts';
import type { BenchOptions } from './main.ts';
import { median } from './statistics.ts';

export function benchStartup({ short, print }: BenchOptions): void {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-bench-'));
  try {
    const env = { ...process.env, GITHUB_CLIENT_SECRET: 'bench-bench-bench' };
    const init = ['init', '--yes', '--domain', 'mcp.example.com', '--acme-email', 'a@example.com'];
    run([LAUNCHER, ...init, '--github-client-id', 'x', '--allowed-users', 'octocat'], folder, env);
    const commands: [name: string, args: string[], aim: number][] = [
      ['mcpgw --help', [LAUNCHER, '--help'], 3],
      ['mcpgw generate --check', [LAUNCHER, 'generate', '--check'], 8],
    ];
    const times = new Map<string, number[]>();
    for (let round = 0; round < (short ? 5 : 25); round++) {
      for (const [name, args] of [['node -e 0', ['-e', '0']] as const, ...commands]) {
        times.set(name, [...(times.get(name) ?? []), run([...args], folder, env)]);
      }
    }
    const bare = median(times.get('node -e 0') ?? []);
    print(`node -e 0: ${bare.toFixed(0)} ms`);
    for (const [name, , aim] of commands) {
      const ms = median(times.get(name) ?? []);
      print(`${name}: ${ms.toFixed(0)} ms, ${(ms / bare).toFixed(2)}x of node -e 0 (aim: under ${aim}x)`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns milliseconds */
function run(args: string[], cwd: string, env: NodeJS.ProcessEnv): number {
  const begun = performance.now();
  const result = spawnSync(process.execPath, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
  if (result.status !== 0)
    throw new Error(`${args.join(' ')} ended with ${result.status}:\n${result.stderr.toString()}`);
  return performance.now() - begun;
}
