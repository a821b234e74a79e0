import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serviceSchema } from '../../../runtime/config/catalog.ts';
import { installService } from '../../../runtime/install/install.ts';
import type { Launch } from '../../../runtime/install/launch.ts';
import { RawClient, startProxy, until } from '../../helpers/stdio-proxy.ts';
import { tmuxMissing } from '../../helpers/tmux.ts';

const missing = tmuxMissing();
const service = serviceSchema.parse({
  ...{ name: 'tmux', title: 'T', description: 'D', kind: 'proxy', command: ['mcpgw-tmux'] },
});

describe.skipIf(missing !== undefined)(`mcpgw-tmux${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let folder: string;
  let launch: Launch;
  beforeEach(async () => {
    // Far deeper than the path of a socket may be.
    folder = join(mkdtempSync(join(tmpdir(), 'mcpgw-tmux-')), 'deep-'.repeat(30));
    mkdirSync(folder);
    launch = await installService(service, '', { folder });
  });
  afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));
  const env = () => ({ PATH: process.env['PATH'] ?? '', HOME: folder });
  /** Processes of this test: by their working folder, which is its own. */
  const left = () =>
    readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`HOME=${folder}\0`);
      } catch {
        return false;
      }
    });

  it('leaves no process when its session ends, not even one that ignores a hangup', async () => {
    const test = await startProxy({ command: () => ({ ...launch, env: env(), cwd: folder }) });
    try {
      const client = new RawClient(test.url);
      await client.initialize();
      const command = 'setsid nohup sleep 1000 & trap "" HUP TERM; echo "$HOME"';
      const args = { session: 'a', create: true, command };
      expect(await client.tool('run_command', args)).toContain(folder);
      expect(left().length).toBeGreaterThanOrEqual(4);
      await client.send('DELETE');
      await until(() => test.proxy.stats().children === 0, 'no child');
      await until(() => left().length === 0, 'no process');
    } finally {
      await test.close();
    }
  });

  it('leaves no terminal behind when it is killed', async () => {
    const test = await startProxy({ command: () => ({ ...launch, env: env(), cwd: folder }) });
    try {
      const client = new RawClient(test.url);
      await client.initialize();
      await client.tool('create_session', { session: 'a' });
      const [own] = left().filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('stdio'));
      process.kill(Number(own), 'SIGKILL');
      await until(() => left().length === 0, 'no process');
    } finally {
      await test.close();
    }
  });

  it('keeps what whoever started it has in the environment to what it was given', async () => {
    process.env['MCPGW_TEST_SECRET'] = 'top-secret';
    const test = await startProxy({ command: () => ({ ...launch, env: env(), cwd: folder }) });
    try {
      const client = new RawClient(test.url);
      await client.initialize();
      const seen = await client.tool('run_command', { session: 'a', create: true, command: 'env' });
      expect(seen).not.toContain('top-secret');
      expect(seen).not.toContain('MCPGW_TERMINAL');
    } finally {
      delete process.env['MCPGW_TEST_SECRET'];
      await test.close();
    }
  });

  it('speaks 2026-07-28 as well', async () => {
    const client = new ModernClient(
      { name: 'test', version: '1' },
      { versionNegotiation: { mode: { pin: '2026-07-28' } } },
    );
    const transport = new StdioClientTransport({
      ...{ command: launch.file, args: launch.args, env: env(), cwd: folder },
    });
    await client.connect(transport);
    try {
      const result = await client.callTool({ name: 'create_session', arguments: { session: 'new' } });
      expect(result.content).toEqual([
        { type: 'text', text: expect.stringMatching(/^Opened new/) as string },
      ]);
    } finally {
      await client.close();
    }
    await until(() => left().length === 0, 'no process');
  });
});
