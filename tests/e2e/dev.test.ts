/**
 * The first thing that a person does with mcpgw: `mcpgw dev`, then real MCP clients sign in by themselves and call tools
 * of unmodified official servers, fetched from their registry.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../helpers/free-port.ts';
import { connectLegacy, connectModern, Credentials, type McpClient } from '../helpers/mcp-clients.ts';
import { type DevProcess, startDev } from '../helpers/mcpgw-process.ts';
import { entity, serviceCalls } from '../helpers/service-calls.ts';

const services = [
  'everything',
  'memory',
  'filesystem',
  'sequentialthinking',
  'echo-stateful',
  'echo-stateless',
] as const;
const calls = serviceCalls({ url: 'about:blank', title: '' });

let folder: string;
let dev: DevProcess;
/** What every gateway of this file has printed. */
let printed = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-e2e-'));
  // Not any free one: the restart below needs it once more.
  const port = String(await freePort());
  dev = await startDev(['--services', services.join(','), '--port', port], { cwd: folder });
});
afterAll(async () => {
  await dev?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe.each([
  ['SDK 1.x client', connectLegacy],
  ['SDK 2.x client', connectModern],
])('%s', (_, connect) => {
  it.each(services)('signs in and calls a tool of %s', async (service) => {
    const { tool, args, answer } = calls[service];
    const client = await connect(dev.urls[service] as string);
    try {
      expect(await client.listTools()).toContain(tool);
      expect(await client.callTool(tool, args)).toMatch(answer);
    } finally {
      await client.close();
    }
  });
});

describe('mcpgw dev', () => {
  it('keeps clients, tokens and what servers stored over kill -9 and a restart', async () => {
    const credentials = new Credentials('survivor');
    const port = new URL(dev.issuer).port;
    const before = await connectLegacy(dev.urls.memory as string, { credentials });
    await before.callTool('create_entities', { entities: [{ ...entity, name: 'survivor' }] });
    await dev.stop('SIGKILL');
    printed += dev.output();
    dev = await startDev(['--services', services.join(','), '--port', port], { cwd: folder });
    const noPerson = { credentials, onPage: () => expect.fail('had to sign in again') };
    let after: McpClient = await connectLegacy(dev.urls.memory as string, noPerson);
    expect(await after.callTool('read_graph', {})).toContain('survivor');
    await after.close();
    // Without an access token the client refreshes.
    credentials.held = { ...credentials.held, access_token: 'gone' };
    after = await connectLegacy(dev.urls.memory as string, noPerson);
    await after.close();
    expect(credentials.held?.access_token).not.toBe('gone');
  });

  it('lets no client choose the folders of the filesystem server', async () => {
    const client = await connectLegacy(dev.urls.filesystem as string, { roots: [`file://${folder}`] });
    try {
      // By now the server has asked for the roots, if it was ever told that there are any.
      const allowed = await client.callTool('list_allowed_directories', {});
      expect(allowed).toMatch(/users\/[0-9a-f]{32}$/m);
      const path = join(folder, '.mcpgw', 'root-secret');
      await expect(client.callTool('read_text_file', { path })).rejects.toThrow(
        /outside allowed directories/,
      );
      await expect(client.callTool('list_directory', { path: folder })).rejects.toThrow(/outside allowed/);
    } finally {
      await client.close();
    }
  });

  it('lets a server that asks for them have the client roots', async () => {
    const client = await connectLegacy(dev.urls.everything as string, { roots: ['file:///a/root'] });
    try {
      expect(await client.listTools()).toContain('get-roots-list');
      expect(await client.callTool('get-roots-list', {})).toContain('file:///a/root');
    } finally {
      await client.close();
    }
  });

  it('writes no token, code or secret to its output', () => {
    const output = printed + dev.output();
    expect(output).toContain('tokens issued');
    expect(output).not.toMatch(/eyJ[A-Za-z0-9_-]{10}/);
    expect(output).not.toMatch(/code=|client_secret|refresh_token(?:=|"?:)/);
    const secret = readFileSync(join(folder, '.mcpgw', 'root-secret'), 'utf8');
    expect(output).not.toContain(secret);
  });
});
