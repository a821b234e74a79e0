/** `fetchs` behind `mcpgw dev`, as a person has it: compiled, in the gateway's process, with the settings of the environment. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectLegacy, connectModern } from '../helpers/mcp-clients.ts';
import { type DevProcess, startDev } from '../helpers/mcpgw-process.ts';

/** A site of the operator's own network. */
const seen: { path: string; headers: object }[] = [];
const site = createServer((request, response) => {
  seen.push({ path: request.url ?? '', headers: request.headers });
  if (request.url === '/robots.txt') response.end('User-agent: *\nDisallow: /secret');
  else if (request.url === '/away')
    response.writeHead(302, { location: `http://127.0.0.1:${port()}/` }).end();
  else
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Wiki</h1><p>Hello <a href="/b">b</a>');
});
const port = () => (site.address() as AddressInfo).port;

let folder: string;
let dev: DevProcess;
beforeAll(async () => {
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-e2e-'));
  const env = { ...process.env, MCP_FETCHS_ALLOWED_HOSTS: 'localhost', HTTP_PROXY: 'http://127.0.0.1:9' };
  dev = await startDev(['--services', 'fetchs'], { cwd: folder, env });
});
afterAll(async () => {
  await dev?.stop();
  site.closeAllConnections();
  await new Promise((resolve) => site.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

describe.each([
  ['SDK 1.x client', connectLegacy],
  ['SDK 2.x client', connectModern],
])('%s', (_, connect) => {
  it('fetches what the operator allows, and nothing else that is private', async () => {
    const client = await connect(dev.urls.fetchs as string);
    const fetch = (url: string) => client.callTool('fetch', { url });
    try {
      expect(await client.listTools()).toEqual(['fetch']);
      const origin = `http://localhost:${port()}`;
      expect(await fetch(`${origin}/`)).toBe(`Contents of ${origin}/:\n# Wiki\n\nHello [b](${origin}/b)`);
      await expect(fetch(`${origin}/secret`)).rejects.toThrow(/robots\.txt does not let programs fetch/);
      const inside = `http://127.0.0.1:${port()}/`;
      for (const url of [`${origin}/away`, inside, 'http://[::1]/', 'http://169.254.169.254/'])
        await expect(fetch(url)).rejects.toThrow(/does not lead to a public address/);
    } finally {
      await client.close();
    }
  });
});

it('tells the site nothing of the caller, and the log nothing of the path', () => {
  expect(seen.map(({ path }) => path)).not.toContain('/secret');
  expect(JSON.stringify(seen)).not.toMatch(/eyJ|x-user|x-mcpgw|authorization|local:/i);
  expect(seen[0]?.headers).toMatchObject({ 'user-agent': expect.stringMatching(/^mcpgw-fetchs\/\d/) });
  expect(dev.output()).toMatch(/"fetch"/);
  expect(dev.output()).not.toContain('/secret');
});
