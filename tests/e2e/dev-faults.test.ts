/** What goes wrong when a person runs `mcpgw dev`: each gets a clear line, and the rest stays up. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connectLegacy } from '../helpers/mcp-clients.ts';
import { LAUNCHER, mcpgw, startDev } from '../helpers/mcpgw-process.ts';
import { fileURLToPath } from 'node:url';

const fixture = fileURLToPath(new URL('../helpers/stdio-fixture.js', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-e2e-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Pids of processes that have `mark` in their environment. */
function marked(mark: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark);
    } catch {
      return false;
    }
  });
}

it('puts any stdio server behind OAuth, and Ctrl-C stops every child', async () => {
  const mark = `MCPGW_E2E_MARK=${folder}`;
  const dev = await startDev(['--', process.execPath, fixture], {
    cwd: folder,
    env: { ...process.env, MCPGW_E2E_MARK: folder },
  });
  const [url] = Object.values(dev.ready);
  const clients = await Promise.all([1, 2, 3].map(() => connectLegacy(url as string)));
  expect(await clients[0]?.listTools()).not.toEqual([]);
  expect(marked(mark).length).toBeGreaterThanOrEqual(4);
  expect(await dev.stop('SIGINT')).toBe(130);
  await expect.poll(() => marked(mark)).toEqual([]);
});

it('says that a port is in use', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  const run = await mcpgw(['dev', '--port', String(port), '--dir', folder]);
  server.close();
  expect(run.code).toBe(1);
  expect(run.stderr).toBe(
    `mcpgw: port ${port} is in use; stop what listens there, or choose another with --port\n`,
  );
});

it('says what to do when the root secret is not the one of the database, and --fresh starts anew', async () => {
  const flags = ['--services', 'echo-stateless', '--dir', folder];
  await (await startDev(flags, { cwd: folder })).stop();
  writeFileSync(join(folder, '.mcpgw', 'root-secret'), 'x'.repeat(43));
  const run = await mcpgw(['dev', '--port', '0', ...flags]);
  expect(run.code).toBe(1);
  expect(run.stderr).toMatch(/^mcpgw: the root secret in \.mcpgw is another one .* start with --fresh\n$/);
  await (await startDev([...flags, '--fresh'], { cwd: folder })).stop();
});

it('keeps serving the rest without a network, and says why the one is missing', async () => {
  const dev = await startDev(['--services', 'everything,echo-stateless'], {
    cwd: folder,
    // Nothing listens there: what a machine without a network answers.
    env: { ...process.env, npm_config_registry: 'http://127.0.0.1:9', npm_config_fetch_retries: '0' },
  });
  try {
    expect(Object.keys(dev.ready)).toEqual(['echo-stateless']);
    const failed = dev.events.find(({ event }) => event === 'failed');
    expect(failed).toMatchObject({ service: 'everything' });
    expect(failed?.reason).toMatch(
      /could not be fetched: the package registry cannot be reached; check the network/,
    );
    const client = await connectLegacy(dev.urls['echo-stateless'] as string);
    expect(await client.callTool('echo', { message: 'still here' })).toContain('still here');
    await client.close();
    const gone = await fetch(dev.urls.everything as string, { method: 'POST' });
    expect(gone.status).toBe(401);
  } finally {
    await dev.stop();
  }
});

it('ends, and not well, when there is nothing left to serve', async () => {
  const command = ['--name', 'absent', '--', 'no-such-command-anywhere'];
  const run = await mcpgw(['dev', '--port', '0', '--dir', folder, ...command]);
  expect(run.code).toBe(1);
  expect(run.stdout).toMatch(/failed +absent .*no-such-command-anywhere/);
  expect(run.stderr).toBe('mcpgw: no service could be started; the lines above say why\n');
});

it('tells of a child that ends at once, in the answer and in the log', async () => {
  const script = 'process.stderr.write("cannot open display\\n"); process.exit(3)';
  const dev = await startDev(['--name', 'broken', '--', process.execPath, '-e', script], { cwd: folder });
  try {
    await expect(connectLegacy(dev.urls.broken as string)).rejects.toThrow(/ended|exit|start/i);
    expect(dev.output()).toContain('cannot open display');
  } finally {
    await dev.stop();
  }
});

it.each([
  [['--host', '0.0.0.0'], /cannot listen on 0\.0\.0\.0, only on this machine; set up GitHub/],
  [
    ['--public-url', 'https://mcp.example.com'],
    /cannot be https:\/\/mcp\.example\.com, only http:\/\/localhost/,
  ],
])('refuses sign-in without a password with %j', async (flags, message) => {
  const run = await mcpgw(['dev', '--port', '0', '--dir', folder, ...flags]);
  expect(run.code).toBe(1);
  expect(run.stderr).toMatch(message);
});

it('takes a public address once people sign in with GitHub', async () => {
  const dev = await startDev(['--public-url', 'https://mcp.example.com', '--services', 'echo-stateless'], {
    cwd: folder,
    env: {
      ...process.env,
      GITHUB_CLIENT_ID: 'id',
      GITHUB_CLIENT_SECRET: 'secret',
      ALLOWED_GITHUB_USERS: 'octocat',
    },
  });
  try {
    expect(dev.issuer).toBe('https://mcp.example.com');
    expect(dev.urls['echo-stateless']).toBe('https://mcp.example.com/echo-stateless/mcp');
  } finally {
    await dev.stop();
  }
});

it('ends when its terminal is closed', async () => {
  const child = spawn(process.execPath, [
    LAUNCHER,
    'dev',
    '--json',
    '--port',
    '0',
    '--dir',
    folder,
    '--services',
    'echo-stateless',
  ]);
  await new Promise((done) => child.stdout.once('data', done));
  child.kill('SIGHUP');
  expect(await new Promise((done) => child.once('exit', done))).toBe(0);
});
