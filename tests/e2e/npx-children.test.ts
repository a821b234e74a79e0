/**
 * Children that a package manager starts: `npx` is a process, its shell another one, the server the third. When their
 * clients vanish, all of them go.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Launch } from '../../runtime/install/launch.ts';
import { resolveCommand } from '../../runtime/install/resolve.ts';
import { type Loose, processesWith, RawClient, startProxy, until } from '../helpers/stdio-proxy.ts';

const SESSIONS = 20;
const PACKAGE = '@modelcontextprotocol/server-everything@2026.8.31';

it('20 sessions of a server that npx starts leave no process', { timeout: 300_000 }, async () => {
  // The server ignores what it does not know, so the word finds npx, its shell and the server alike.
  const mark = `mark-${randomUUID()}`;
  // Without the last one npx asks the registry each time, and this test waits for whatever the network does.
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '/tmp',
    npm_config_prefer_offline: 'true',
  };
  const test = await startProxy({
    command: () => ({ file: 'npx', args: ['-y', PACKAGE, 'stdio', mark], env }),
    // The first one fetches the package.
    limits: { sessionIdleSeconds: 2, initializeTimeoutSeconds: 150 },
  });
  try {
    let most = 0;
    for (let opened = 0; opened < SESSIONS; opened++) {
      const client = new RawClient(test.url, `user-${opened}`);
      await client.initialize();
      most = Math.max(most, processesWith(mark).length);
      // Half of them leave in the middle of a stream, the others say nothing.
      if (opened % 2 === 0) await (await client.stream()).cancel();
    }
    expect(most).toBeGreaterThanOrEqual(3);
    await until(() => test.proxy.stats().children === 0, 'no child is counted', 30_000);
    await until(() => processesWith(mark).length === 0, 'no process is left', 5_000);
  } finally {
    await test.close();
  }
});

it.each([
  { runner: 'npx', command: ['npx', '-y', PACKAGE, 'stdio'] },
  { runner: 'uvx', command: ['uvx', 'mcp-server-time', '--local-timezone', 'UTC'] },
])('what $runner would run is one process for each session', { timeout: 300_000 }, async ({ command }) => {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-resolved-'));
  const searchPath = process.env.PATH ?? '';
  const env = { PATH: searchPath, HOME: process.env.HOME ?? '/tmp' };
  const launch = await resolveCommand(command, { folder, searchPath, cwd: folder });
  const test = await startProxy({ command: () => ({ ...(launch as Launch), env }) });
  try {
    for (const user of ['alice', 'bob']) {
      const client = new RawClient(test.url, user);
      await client.initialize();
      const { result } = (await (await client.post(client.request('tools/list'))).json()) as Loose;
      expect(result.tools.length).toBeGreaterThan(1);
    }
    expect(processesWith(folder)).toHaveLength(2);
  } finally {
    await test.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
