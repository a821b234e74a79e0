/** Servers of a person's own in the stack: one from npm, one from PyPI, and one elsewhere, each with a secret. */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { subnets } from '../../cli/views/subnets.ts';
import { loadCatalog } from '../../runtime/config/catalog.ts';
import { docker, dockerEnvironment } from '../cli/support/docker.ts';
import { readAll } from '../cli/support/run-init.ts';
import { connectLegacy, connectModern } from '../helpers/mcp-clients.ts';
import { mcpgw } from '../helpers/mcpgw-process.ts';
import type { Stack } from '../helpers/stack.ts';
import { ALICE, withClient } from './stack-calls.ts';

export const OWN = ['clock', 'far', 'notes'] as const;

const SECRETS = { clock: 'clock-secret-4712', far: 'Bearer far-secret-0815', notes: 'notes-secret-4711' };
const ROOT = join(import.meta.dirname, '..', '..');
const FAR = { host: 'far.test', port: 3001 };
const METRICS_PORT = 9464;
/** One service of each kind that has no server process of its own. */
const OTHER_KINDS = [
  ['far', 'remote'],
  ['echo-stateless', 'native'],
] as const;

/** `services add`, in a stack that is not up yet. The packages are our catalog's, so that builds share what they fetch. */
export async function addOwnServers(stack: Stack): Promise<void> {
  const { services } = loadCatalog([join(ROOT, 'templates', 'services')]);
  const add = async (name: (typeof OWN)[number], ...args: string[]) => {
    const { code, stdout, stderr } = await mcpgw(['services', 'add', name, ...args], {
      cwd: stack.folder,
      env: dockerEnvironment(),
      input: `${SECRETS[name]}\n`,
    });
    expect(code, stderr).toBe(0);
    expect(stdout + stderr).not.toContain(SECRETS[name]);
  };
  const version = (name: string) => ['--version', services.get(name)?.package?.version ?? ''];
  const npm = ['npx', '-y', '@modelcontextprotocol/server-everything', 'stdio'];
  await add(
    'notes',
    '--env',
    'GREETING=hello',
    '--secret',
    'API_TOKEN',
    ...version('everything'),
    '--',
    ...npm,
  );
  const pypi = ['uvx', 'mcp-server-time', '--local-timezone=UTC'];
  await add('clock', '--data', 'user', '--secret', 'API_TOKEN', ...version('time'), '--', ...pypi);
  await add('far', '--url', `http://${FAR.host}:${FAR.port}/mcp`, '--secret-header', 'Authorization');
}

/** The server elsewhere, in a network that the container `far` is in; the stack must be up. */
export function startFar(stack: Stack, network = `${stack.project}_service-far`): void {
  const { code, stderr } = docker([
    ...['run', '--detach', '--init', '--name', `${stack.project}-elsewhere`, '--network', network],
    ...['--network-alias', FAR.host, '--volume', `${ROOT}:/src:ro`, 'node:24-slim'],
    ...['node', '/src/tests/helpers/stack-elsewhere.ts', String(FAR.port)],
  ]);
  expect(code, stderr).toBe(0);
}

export function stopFar(stack: Stack): void {
  docker(['rm', '--force', `${stack.project}-elsewhere`]);
}

/** @param running with these services and others, and the server elsewhere */
export function itServesOwnServers(running: () => Stack): void {
  describe.each([
    ['SDK 1.x client', connectLegacy],
    ['SDK 2.x client', connectModern],
  ])('%s', (_, connect) => {
    const ask = async (service: (typeof OWN)[number], tool: string, args = {}) => {
      const client = await connect(running().url(service), { fetch: running().fetchAs(ALICE) });
      try {
        return await client.callTool(tool, args);
      } finally {
        await client.close();
      }
    };

    it('calls the server from npm, which has its secret and none of the gateway', async () => {
      const variables = JSON.parse(await ask('notes', 'get-env')) as Record<string, string>;
      expect(variables).toMatchObject({ API_TOKEN: SECRETS.notes, GREETING: 'hello', HOME: '/tmp' });
      expect(
        Object.keys(variables).filter((name) => /^(?:SECRET_|MCPGW_(?!CHILD$)|NODE_OPTIONS)/.test(name)),
      ).toEqual([]);
    });

    it('calls the server from PyPI', async () => {
      expect(await ask('clock', 'get_current_time', { timezone: 'Asia/Tokyo' })).toContain('+09:00');
    });

    it('calls the server elsewhere, which sees the gateway and not the person', async () => {
      const headers = JSON.parse(await ask('far', 'headers')) as Record<string, string>;
      expect(headers).toMatchObject({ authorization: SECRETS.far, host: `${FAR.host}:${FAR.port}` });
      expect(Object.keys(headers).filter((name) => /^x-|cookie|forwarded/.test(name))).toEqual([]);
    });
  });

  it('keeps a secret in a file of its own container, and nowhere else', async () => {
    const stack = running();
    const ids = Object.values(stack.containers());
    const images = Object.keys(stack.images());
    const seen = [
      docker(['inspect', ...ids]).stdout,
      docker(['image', 'inspect', ...images]).stdout,
      ...images.map((image) => docker(['history', '--no-trunc', image]).stdout),
      ...ids.map((id) => docker(['top', id, '-eo', 'pid,args']).stdout),
      (await stack.mcpgw('logs', '--tail', 'all')).stdout,
      ...(await Promise.all(OWN.map((name) => stack.mcpgw('services', 'show', name)))).map(
        ({ stdout }) => stdout,
      ),
    ].join('\n');
    expect(seen).toContain('secret SECRET_NOTES_API_TOKEN: has a value');
    for (const [service, secret] of Object.entries(SECRETS)) {
      expect(seen.includes(secret), service).toBe(false);
      const files = [...readAll(stack.folder)]
        .filter(([, text]) => text.includes(secret))
        .map(([path]) => path);
      const name = service === 'far' ? 'authorization' : 'api_token';
      expect(files).toEqual(['.env', `secrets/service_secret_${service}_${name}`]);
      const { stdout } = await stack.mcpgw('exec', service, '--', 'node', '-e', SECRET_FILES);
      const own = [`secret_${service}_${name}`, 'context_key'].sort();
      expect(JSON.parse(stdout)).toEqual(own.map((file) => [file, '100600', true]));
    }
  });

  it('counts what a server does, where no route leads', async () => {
    const stack = running();
    const url = `http://notes:${METRICS_PORT}/metrics`;
    await withClient(stack, 'notes', ALICE, async (client) => {
      await client.callTool('echo', { message: 'counted' });
      const { stdout } = inNetwork(stack, 'service-notes', url);
      const figure = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stdout)?.[1]);
      expect(figure('mcpgw_proxy_sessions')).toBeGreaterThanOrEqual(1);
      expect(figure('mcpgw_proxy_children')).toBeGreaterThanOrEqual(1);
      expect(stdout).toMatch(/_count\{method="tools\/call",outcome="answered"\} [1-9]/);
    });
    for (const [service, kind] of OTHER_KINDS) {
      await withClient(stack, service, ALICE, (client) => client.listTools());
      const { stdout } = inNetwork(stack, `service-${service}`, `http://${service}:${METRICS_PORT}/metrics`);
      expect(stdout, service).toMatch(
        new RegExp(
          `^mcpgw_${kind}_request_seconds_count\\{method="tools/list",outcome="answered"\\} [1-9]`,
          'm',
        ),
      );
      expect(stdout).not.toMatch(/alice|github:/i);
    }
    expect(inNetwork(stack, 'auth', `http://auth:${METRICS_PORT}/metrics`).stdout).toMatch(
      /^mcpgw_auth_verify_total\{.*\} [1-9]/m,
    );
    const outside = await Promise.all(
      ['/metrics', '/notes/metrics', '/far/metrics', '/echo-stateless/metrics'].map((path) =>
        stack.fetchAs(ALICE)(`${stack.issuer}${path}`),
      ),
    );
    expect(outside.map(({ status }) => status)).toEqual([404, 401, 401, 401]);
    for (const { body } of outside) await body?.cancel();
  });
}

/** Changes the stack: behind everything else. */
export function itLetsOwnServersGo(running: () => Stack): void {
  it('does not go where clouds hand out credentials, when that is where the name leads one day', async () => {
    const stack = running();
    const network = `${stack.project}_link-local`;
    const label = `com.docker.compose.project=${stack.project}`;
    const subnet = `169.254.${randomInt(1, 160)}.0/28`;
    const made = docker(['network', 'create', '--internal', '--label', label, '--subnet', subnet, network]);
    expect(made.code, made.stderr).toBe(0);
    stopFar(stack);
    docker(['network', 'connect', network, stack.containersOf('far')[0] ?? '']);
    startFar(stack, network);
    // From within the container it can be reached, by whoever does not look at the address.
    const reached = await stack.mcpgw(
      'exec',
      'far',
      '--',
      'node',
      '-e',
      REACH,
      `http://${FAR.host}:${FAR.port}/mcp`,
    );
    expect(reached.stdout.trim()).toBe('406');
    const call = withClient(stack, 'far', ALICE, (client) => client.listTools());
    await expect(call).rejects.toThrow(/cannot be reached/);
    expect((await stack.mcpgw('logs', 'far')).stdout).toContain(
      'the address is where clouds hand out credentials',
    );
    const { code, stdout } = await stack.mcpgw('health', ...stack.resolve);
    expect([code, /mcpgw logs far/.test(stdout)]).toEqual([3, true]);
    stopFar(stack);
  });

  it('takes servers that are removed out of the running stack', async () => {
    const stack = running();
    const gone = /-(?:clock|far)-1$/;
    const replaced = /-(?:auth-\d+|traefik-1|heir\d+-1)$/;
    const kept = (filter: (name: string) => boolean) =>
      Object.fromEntries(Object.entries(stack.containers()).filter(([name]) => filter(name)));
    const before = kept((name) => !gone.test(name) && !replaced.test(name));
    // Its subnet is the one that the network of a server has that goes.
    const heir = nameAt(stack, subnetOf(stack, 'far'));
    for (const name of ['clock', 'far']) await stack.json('services', 'remove', name, '--yes');
    await stack.json('services', 'add', heir, '--url', 'https://heir.test/mcp');
    expect(await stack.json('up')).toMatchObject({ healthy: true, built: [] });
    expect(kept((name) => !replaced.test(name))).toEqual(before);
    const response = await stack.fetchAs(ALICE)(stack.url('far'), { method: 'POST' });
    await response.body?.cancel();
    expect(response.status).toBe(404);
    expect((await stack.mcpgw('services', 'show', 'far')).code).toBe(2);
    expect([subnetOf(stack, 'far'), subnetOf(stack, 'clock')]).toEqual(['', '']);
    expect(readFileSync(join(stack.folder, '.env'), 'utf8')).not.toContain(SECRETS.far);
    await withClient(stack, 'notes', ALICE, async (client) => {
      expect(await client.callTool('echo', { message: 'still here' })).toContain('still here');
    });
  });

  it('says which server cannot start, in its own words', async () => {
    const stack = running();
    const { services } = loadCatalog([join(ROOT, 'templates', 'services')]);
    const version = ['--version', services.get('filesystem')?.package?.version ?? ''];
    const command = ['npx', '-y', '@modelcontextprotocol/server-filesystem', '/nowhere'];
    const added = await stack.mcpgw('services', 'add', 'broken', ...version, '--', ...command);
    expect(added.code, added.stderr).toBe(0);
    expect(await stack.json('up')).toMatchObject({ healthy: true, built: ['broken'] });
    const { code, stdout } = await stack.mcpgw('health', '--json', ...stack.resolve);
    expect(code).toBe(3);
    const why = expect.arrayContaining([expect.stringMatching(/directory \/nowhere/)]);
    expect(JSON.parse(stdout)).toMatchObject({
      checks: expect.arrayContaining([
        expect.objectContaining({ subject: 'broken', state: 'failed', output: why }),
      ]),
    });
    const unready = { service: 'broken', reason: 'cannot start: exited with code 1', output: why };
    await expect
      .poll(() => stack.json('ps'), { timeout: 60_000, interval: 1_000 })
      .toMatchObject({ unready: [unready] });
    await stack.json('services', 'remove', 'broken', '--yes');
  });

  it('gives the edge back the network that an interrupted up has taken from it', async () => {
    const stack = running();
    const [edge = ''] = stack.containersOf('traefik');
    const [notes = ''] = stack.containersOf('notes');
    const network = `${stack.project}_service-notes`;
    for (const id of [edge, notes]) docker(['network', 'disconnect', '--force', network, id]);
    docker(['container', 'rm', '--force', notes]);
    docker(['network', 'rm', network]);
    expect(await stack.json('up')).toMatchObject({ healthy: true, built: [] });
    await withClient(stack, 'notes', ALICE, async (client) => {
      expect(await client.callTool('echo', { message: 'here again' })).toContain('here again');
    });
  });
}

function subnetOf(stack: Stack, service: string): string {
  const format = '{{range .IPAM.Config}}{{.Subnet}}{{end}}';
  return docker([
    'network',
    'inspect',
    '--format',
    format,
    `${stack.project}_service-${service}`,
  ]).stdout.trim();
}

/** A name of a service whose network has this subnet. */
function nameAt(stack: Stack, subnet: string): string {
  const placeOf = (name: string) =>
    subnets(stack.env('NETWORK_RANGE'), ['edge', 'auth', 'store', 'outbound'], [name]).get(name);
  for (let number = 0; ; number++) if (placeOf(`service-heir${number}`) === subnet) return `heir${number}`;
}

/** What a container of nobody's, in this network of the stack, is answered. */
function inNetwork(stack: Stack, network: string, url: string) {
  const script = `fetch(process.argv[1]).then(async (r) => console.log(await r.text()), () => process.exit(1))`;
  const where = ['--network', `${stack.project}_${network}`];
  return docker(['run', '--rm', '--init', ...where, 'node:24-slim', 'node', '-e', script, url]);
}

/** Runs inside a container: name and mode of each secret, and whether it is of the container's own user. */
const SECRET_FILES = `
  const fs = require('fs');
  const look = (name) => {
    const { mode, uid } = fs.statSync('/run/secrets/' + name);
    return [name, mode.toString(8), uid === process.getuid()];
  };
  console.log(JSON.stringify(fs.readdirSync('/run/secrets').sort().map(look)));`;

/** Runs inside a container: the status of the answer, once there is one. */
const REACH = `
  const ask = () => fetch(process.argv[1]).then(({ status }) => console.log(status), () => setTimeout(ask, 100));
  ask();`;
