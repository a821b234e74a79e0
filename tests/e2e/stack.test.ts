/**
 * What `mcpgw init` generates, in a real Docker engine behind a real Traefik with a real Redis: real MCP clients sign in
 * and call tools, and the security invariants are asserted on what runs, not on files.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docker, noDocker } from '../cli/support/docker.ts';
import { connectLegacy, connectModern, type McpClient } from '../helpers/mcp-clients.ts';
import { createStack, type Stack } from '../helpers/stack.ts';

const SERVICES = [
  ...['echo-stateful', 'echo-stateless', 'everything', 'fetch'],
  ...['filesystem', 'memory', 'sequentialthinking', 'time'],
];
const ALICE = '101:alice';
const BOB = '102:bob';

const entity = { name: 'mcpgw', entityType: 'project', observations: ['is tested'] };
const thought = { thought: 'one', thoughtNumber: 1, totalThoughts: 1, nextThoughtNeeded: false };

/** A call on each service, and what its answer must have in it. */
const CALLS: Record<string, [tool: string, args: Record<string, unknown>, answer: RegExp]> = {
  'echo-stateful': ['echo', { message: 'hello state' }, /hello state/],
  'echo-stateless': ['authContext', {}, /User: alice \(github:101\)/],
  everything: ['echo', { message: 'hello gateway' }, /hello gateway/],
  // The internet cannot be reached from a test: what counts is that the server answers.
  fetch: ['fetch', { url: 'http://127.0.0.1/' }, /tool fetch failed: .*127\.0\.0\.1/s],
  filesystem: ['list_allowed_directories', {}, /\/data\/users\//],
  memory: ['create_entities', { entities: [entity] }, /is tested|^\[\]$/],
  sequentialthinking: ['sequentialthinking', thought, /"thoughtNumber": ?1/],
  time: ['get_current_time', { timezone: 'Europe/Berlin' }, /Europe\/Berlin/],
};

const reason = noDocker('engine');
const title = `the generated stack${reason === undefined ? '' : ` (skipped: ${reason})`}`;

describe.skipIf(reason !== undefined)(title, () => {
  let stack: Stack;
  let up: { healthy: boolean; services: { service: string; state: string }[]; urls: Record<string, string> };

  beforeAll(async () => {
    stack = await createStack(SERVICES.join(','));
    const finished = await stack.mcpgw('up', '--json');
    expect(finished.code, finished.stdout + finished.stderr).toBe(0);
    up = JSON.parse(finished.stdout);
    stack.startGithub();
  });
  afterAll(() => stack?.remove());

  const answer = (client: McpClient, tool: string, args: Record<string, unknown>) =>
    client.callTool(tool, args).catch(String);

  it('is healthy after one command, and says where everything is', () => {
    expect(up.healthy).toBe(true);
    expect(up.services.map(({ service }) => service).sort()).toEqual(
      ['auth', 'redis', 'traefik', ...SERVICES].sort(),
    );
    expect(Object.keys(up.urls)).toEqual(SERVICES);
    expect(up.urls.time).toBe(stack.url('time'));
  });

  describe.each([
    ['SDK 1.x client', connectLegacy],
    ['SDK 2.x client', connectModern],
  ])('%s', (_, connect) => {
    it.each(SERVICES)('signs in and calls a tool of %s', async (service) => {
      const [tool, args, expected] = CALLS[service] as (typeof CALLS)[string];
      const client = await connect(stack.url(service), { fetch: stack.fetchAs(ALICE) });
      try {
        expect(await client.listTools()).toContain(tool);
        expect(await answer(client, tool, args)).toMatch(expected);
      } finally {
        await client.close();
      }
    });
  });

  it('keeps what alice stores from bob', async () => {
    const connect = (service: string, account: string) =>
      connectLegacy(stack.url(service), { fetch: stack.fetchAs(account) });
    const clients = await Promise.all([
      connect('memory', ALICE),
      connect('memory', BOB),
      connect('filesystem', ALICE),
      connect('filesystem', BOB),
    ]);
    const [memoryOfAlice, memoryOfBob, filesOfAlice, filesOfBob] = clients;
    await memoryOfAlice.callTool('create_entities', { entities: [{ ...entity, name: 'secret-of-alice' }] });
    expect(await memoryOfAlice.callTool('read_graph', {})).toContain('secret-of-alice');
    expect(await memoryOfBob.callTool('read_graph', {})).not.toContain('secret-of-alice');

    const folder =
      /\/data\/users\/\S+/.exec(await filesOfAlice.callTool('list_allowed_directories', {}))?.[0] ?? '';
    await filesOfAlice.callTool('write_file', { path: `${folder}/note.txt`, content: 'secret-of-alice' });
    expect(await filesOfAlice.callTool('read_text_file', { path: `${folder}/note.txt` })).toContain(
      'secret-of-alice',
    );
    expect(await answer(filesOfBob, 'read_text_file', { path: `${folder}/note.txt` })).toMatch(
      /denied|outside/i,
    );
    expect(await answer(filesOfBob, 'list_directory', { path: '/data/users' })).toMatch(/denied|outside/i);
    await Promise.all(clients.map((client) => client.close()));
  });

  it('lets nobody in who is not allowed', async () => {
    await expect(connectLegacy(stack.url('time'), { fetch: stack.fetchAs('103:mallory') })).rejects.toThrow();
  });

  it('removes what a client claims about itself', async () => {
    const claims = {
      ...{
        'x-user-id': 'evil',
        'x-user-name': 'evil',
        'x-client-id': 'evil',
        'x-mcpgw-context': 'evil.evil.evil',
      },
      ...{ 'x-forwarded-for': '6.6.6.6', 'x-forwarded-host': 'evil.example', 'x-real-ip': '6.6.6.6' },
      ...{ 'x-forwarded-proto': 'evil', 'x-forwarded-user': 'evil', forwarded: 'for=6.6.6.6' },
    };
    const client = await connectLegacy(stack.url('echo-stateless'), { fetch: stack.fetchAs(ALICE, claims) });
    const seen = await client.callTool('printHeader', {});
    await client.close();
    expect(seen).toMatch(/x-user-id: github:101/);
    expect(seen).not.toMatch(/6\.6\.6\.6|evil\.|x-(?:user|client)-\w+: evil/);
  });

  it.each([
    ['auth', '/verify/time', 404],
    ['auth', '/verify/time/../../health', 404],
    ['auth', '/health', 404],
    ['auth', '/admin/clients', 404],
    ['time', '/verify/time', 401],
    ['time', '/health', 401],
    ['time', '/', 401],
    ['nobody', '/mcp', 404],
  ])('%s%s is %d from outside', async (host, path, status) => {
    const response = await stack.fetchAs(ALICE)(`https://${host}.${stack.domain}${path}`);
    await response.body?.cancel();
    expect(response.status).toBe(status);
  });

  it('runs no container with more rights than it needs', () => {
    const ids = Object.values(stack.containers());
    const inspected = JSON.parse(docker(['inspect', ...ids]).stdout) as Inspected[];
    expect(inspected).toHaveLength(SERVICES.length + 4);
    for (const { Name, Config, HostConfig, Mounts } of inspected) {
      expect(Config.User, Name).toMatch(/^[1-9]\d*:[1-9]\d*$/);
      expect(HostConfig, Name).toMatchObject({ ReadonlyRootfs: true, Privileged: false, CapDrop: ['ALL'] });
      expect(HostConfig.CapAdd ?? [], Name).toEqual([]);
      expect(HostConfig.SecurityOpt, Name).toContain('no-new-privileges:true');
      expect(HostConfig.Memory, Name).toBeGreaterThan(0);
      expect(HostConfig.PidsLimit, Name).toBeGreaterThan(0);
      expect(JSON.stringify(Mounts), Name).not.toContain('docker.sock');
      const published = Object.values(HostConfig.PortBindings ?? {}).flat();
      expect(published, Name).toEqual(
        Name.includes('-traefik-') ? [{ HostIp: stack.address, HostPort: String(stack.port) }] : [],
      );
    }
  });

  it('gives a service nothing to write to, no capability, and no way to its neighbours', async () => {
    // By address: other networks' names are not known there, which is not what keeps them apart.
    const neighbours = () =>
      JSON.stringify(
        [['redis', 6379] as const, ['auth', 8080] as const, ['memory', 8080] as const].flatMap(
          ([service, port]) => stack.addresses(service).map((address) => [address, port]),
        ),
      );
    expect(JSON.parse(neighbours())).not.toHaveLength(0);
    const script = `
      const fs = require('fs'), net = require('net');
      const writes = ['/x', '/opt/mcpgw/x', '/etc/x', '/run/secrets/x'].filter((path) => { try { fs.writeFileSync(path, 'x'); return true; } catch { return false; } });
      const caps = /CapEff:\\s*(\\S+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1];
      const knock = ([host, port]) => new Promise((done) => { const s = net.connect({ host, port, timeout: 2000 }); s.on('connect', () => done(host)); s.on('error', () => done()); s.on('timeout', () => done()); });
      Promise.all(JSON.parse(process.argv[1]).map(knock)).then((open) => {
        console.log(JSON.stringify({ writes, caps, uid: process.getuid(), open: open.filter(Boolean) })); process.exit(0); });`;
    const { stdout, stderr } = await stack.mcpgw('exec', 'time', '--', 'node', '-e', script, neighbours());
    expect(JSON.parse(stdout), stderr).toEqual({
      writes: [],
      caps: '0000000000000000',
      uid: expect.any(Number),
      open: [],
    });
  });

  it('passes on the exit code of a command in a container', async () => {
    expect((await stack.mcpgw('exec', 'auth', '--', 'node', '-e', 'process.exit(7)')).code).toBe(7);
    expect((await stack.mcpgw('exec', 'nobody', '--', 'true')).code).toBe(2);
  });

  it('fails no call while auth is restarted, replica by replica', async () => {
    const client = await connectLegacy(stack.url('echo-stateless'), { fetch: stack.fetchAs(ALICE) });
    let restarting = true;
    const restart = stack.mcpgw('restart', 'auth', '--json').finally(() => (restarting = false));
    let calls = 0;
    while (restarting) {
      expect(await client.callTool('echo', { message: 'still there' })).toContain('still there');
      calls += 1;
    }
    await client.close();
    expect(calls).toBeGreaterThan(10);
    expect(JSON.parse((await restart).stdout).restarted).toHaveLength(2);
  });

  it('leaves Traefik and all others alone when a service is turned off and on', async () => {
    const session = await connectLegacy(stack.url('echo-stateful'), { fetch: stack.fetchAs(ALICE) });
    await session.callTool('echo', { message: 'before' });
    const before = others(stack.containers());
    await toggle(stack, 'MCP_TIME_ENABLED', 'false');
    expect((await stack.mcpgw('up', '--json')).code).toBe(0);
    expect(others(stack.containers())).toEqual(before);
    expect(Object.keys(stack.containers()).join()).not.toContain('-time-');
    const gone = await stack.fetchAs(ALICE)(stack.url('time'), { method: 'POST' });
    expect(gone.status).toBe(404);
    await toggle(stack, 'MCP_TIME_ENABLED', 'true');
    expect((await stack.mcpgw('up', '--json')).code).toBe(0);
    expect(others(stack.containers())).toEqual(before);
    const client = await connectModern(stack.url('time'), { fetch: stack.fetchAs(ALICE) });
    expect(await client.callTool('get_current_time', { timezone: 'UTC' })).toContain('UTC');
    await client.close();
    // The session and its stream are still the same.
    expect(await session.callTool('replayLastEcho', {})).toContain('before');
    await session.close();
  });

  it('has nothing to do the second time', async () => {
    const before = stack.containers();
    const finished = await stack.mcpgw('up', '--json');
    expect(JSON.parse(finished.stdout)).toMatchObject({ healthy: true, built: [], changes: [] });
    expect(stack.containers()).toEqual(before);
  });

  it('lists its containers', async () => {
    const { stdout } = await stack.mcpgw('ps', '--json');
    const { services } = JSON.parse(stdout) as {
      services: { service: string; state: string; ready: number }[];
    };
    expect(services.every(({ state }) => state === 'healthy')).toBe(true);
    expect(services.find(({ service }) => service === 'auth')?.ready).toBe(2);
  });

  it('says in its logs what happened, and no secret', async () => {
    const { stdout } = await stack.mcpgw('logs', '--json', '--tail', 'all');
    const records = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { service: string; line: string });
    const all = records.map(({ line }) => line).join('\n');
    expect(all).toMatch(/client registered/);
    expect(all).not.toMatch(/eyJ[A-Za-z0-9_-]{10}|gho_[0-9a-f]{10}|[?&]code=|code_verifier/);
    for (const key of [
      'GATEWAY_JWT_SECRET',
      'REDIS_PASSWORD',
      'GITHUB_CLIENT_SECRET',
      'JWT_PRIVATE_KEY_B64',
    ]) {
      expect(all).not.toContain(envValue(stack, key));
    }
    const errors = records.filter(
      ({ service, line }) => service === 'traefik' && /\bERR\b|"level":"error"/.test(line),
    );
    expect(errors.map(({ line }) => line)).toEqual([]);
  });

  it('asks before it removes data, and leaves nothing behind', async () => {
    docker(['rm', '--force', `${stack.project}-github`]);
    expect((await stack.mcpgw('down', '--volumes')).code).toBe(2);
    expect(Object.keys(stack.containers())).toHaveLength(SERVICES.length + 4);
    const finished = await stack.mcpgw('down', '--volumes', '--yes');
    expect(finished.code, finished.stderr).toBe(0);
    expect(stack.leftOver()).toEqual([]);
  });
});

interface Inspected {
  Name: string;
  Config: { User: string };
  HostConfig: {
    CapAdd: string[] | null;
    SecurityOpt: string[];
    Memory: number;
    PidsLimit: number;
    PortBindings: Record<string, { HostIp: string; HostPort: string }[]> | null;
  };
  Mounts: object[];
}

/** Without auth, which is replaced in turn when it has to know another service. */
function others(containers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(containers).filter(([name]) => !/-(?:auth|time)-\d+$/.test(name)));
}

function envValue({ folder }: Stack, key: string): string {
  const value =
    new RegExp(`^${key}='?([^'\\n]*)`, 'm').exec(readFileSync(join(folder, '.env'), 'utf8'))?.[1] ?? '';
  expect(value, key).not.toBe('');
  return value;
}

async function toggle({ folder }: Stack, key: string, value: string): Promise<void> {
  const path = join(folder, '.env');
  writeFileSync(path, readFileSync(path, 'utf8').replace(new RegExp(`^${key}=.*$`, 'm'), `${key}=${value}`));
}
