import { appendFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RunDocker } from '../../../cli/compose/run.ts';
import { diagnose, memoryLimits } from '../../../cli/doctor/examine.ts';
import { probePort } from '../../../cli/doctor/port-state.ts';
import { doctorText } from '../../../cli/doctor/report.ts';
import type { DoctorWorld } from '../../../cli/doctor/world.ts';
import { createHttpClient } from '../../../cli/net/http-client.ts';
import { createOutput } from '../../../cli/output.ts';
import { mcpgw } from '../support/cli.ts';
import { freePort } from '../../helpers/free-port.ts';
import { startOidcStandIn } from '../../helpers/oidc-stand-in.ts';
import { GITHUB, OIDC, runInit, SECRETS, temporaryFolder } from '../support/run-init.ts';

const { style } = createOutput({}, { write: () => undefined }, { write: () => undefined }, {});

/** GitHub and a clock on loopback. @returns its origin, and what it was asked */
async function startGithub(error: string) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.setHeader('content-type', 'application/json');
    response.end(request.method === 'HEAD' ? '' : JSON.stringify({ error }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const DOCKER: Record<string, string> = {
  'compose version': '2.26.1',
  'version --format': '20.10.24',
  'context inspect': 'unix:///var/run/docker.sock',
  'info --format': '{"MemTotal":8589934592,"DockerRootDir":"/nonexistent"}',
  'network ls': 'a\nb\n',
  'network inspect': [
    '{"Name":"mcpgw_edge","Labels":{"com.docker.compose.project":"mcpgw"},"IPAM":{"Config":[{"Subnet":"10.201.0.0/28"}]}}',
    '{"Name":"other","Labels":{},"IPAM":{"Config":[{"Subnet":"172.18.0.0/16"}]}}',
  ].join('\n'),
};

function worldOf(change: Partial<DoctorWorld> = {}): DoctorWorld & { argvs: string[][] } {
  const argvs: string[][] = [];
  const run: RunDocker = (argv) => {
    argvs.push(argv);
    const traefik = {
      ...{ ID: '1', Name: 'mcpgw-traefik-1', Service: 'traefik', State: 'running', Health: 'healthy' },
      Publishers: [{ URL: '0.0.0.0', PublishedPort: 80 }],
    };
    const stdout = argv.includes('ps') ? JSON.stringify(traefik) : DOCKER[argv.slice(0, 2).join(' ')];
    return Promise.resolve({ code: stdout === undefined ? 1 : 0, stdout: stdout ?? '', stderr: '' });
  };
  const client = createHttpClient({ lookup: () => Promise.resolve(['203.0.113.7']) });
  onTestFinished(() => client.close());
  return {
    nodeVersion: 'v24.1.0',
    run,
    client,
    now: Date.now,
    port: (_address, port) => Promise.resolve(port === 80 ? 'taken' : 'free'),
    freeBytes: (path) =>
      path === '/nonexistent' ? Promise.reject(new Error('no')) : Promise.resolve(2 ** 40),
    routes: () => Promise.resolve(undefined),
    addresses: () => ['127.0.0.1/8', '10.201.0.1/28'],
    argvs,
    ...change,
  };
}

describe('doctor', () => {
  it('finds nothing where everything is ready, with no secret in an argument or in what it says', async () => {
    const folder = temporaryFolder();
    const github = await startGithub('bad_verification_code');
    await runInit({ dir: folder, ...GITHUB, set: [`GITHUB_BASE_URL=${github.origin}`] });
    const world = worldOf();
    const results = await diagnose(folder, {}, world);
    expect(results.filter(({ state }) => state !== 'ok')).toMatchObject([
      {
        check: 'callback',
        state: 'skipped',
        detail: expect.stringContaining('https://auth.mcp.example.com/callback'),
      },
    ]);
    expect(results.map(({ check }) => check)).toEqual([
      ...['configuration', 'Node', 'Docker', 'Compose', 'memory', 'disk', 'port 80', 'port 443'],
      ...['networks', 'DNS', 'clock', 'GitHub app', 'callback'],
    ]);
    expect(github.asked).toContain('POST /login/oauth/access_token');
    for (const secret of Object.values(SECRETS)) {
      expect(JSON.stringify([results, world.argvs, github.asked])).not.toContain(secret);
    }
  });

  it('names each problem with its remedy, in 80 columns', async () => {
    const folder = temporaryFolder();
    const github = await startGithub('incorrect_client_credentials');
    await runInit({ dir: folder, ...GITHUB, set: [`GITHUB_BASE_URL=${github.origin}`] });
    const unknown = createHttpClient({ lookup: () => Promise.reject(new Error('unknown')) });
    onTestFinished(() => unknown.close());
    const world = worldOf({
      nodeVersion: 'v18.0.0',
      client: unknown,
      port: () => Promise.resolve('taken'),
      freeBytes: () => Promise.resolve(0),
      addresses: () => ['10.201.0.9/16'],
    });
    const results = await diagnose(folder, {}, world);
    const failures = results.filter(({ state }) => state === 'failed');
    expect(failures.map(({ check }) => check)).toEqual([
      'Node',
      'disk',
      'port 443',
      'networks',
      'DNS',
      'GitHub app',
    ]);
    expect(failures.every(({ remedy }) => remedy !== undefined && remedy !== '')).toBe(true);
    const text = doctorText(results, style);
    expect(text.split('\n').every((line) => line.length <= 80)).toBe(true);
    expect(text).toMatch(/^FAILED +port 443 +in use at 0\.0\.0\.0\n +→ stop what listens there/m);
  });

  it('does not take another gateway of the same project for this one', async () => {
    const [folder, other] = [temporaryFolder(), temporaryFolder()];
    for (const dir of [folder, other]) await runInit({ dir, ...GITHUB });
    writeFileSync(join(other, 'secrets', 'gateway_jwt_secret'), 'another');
    const world = worldOf();
    const { run } = world;
    world.run = (argv) =>
      argv.includes('ls') && argv[0] === 'container'
        ? Promise.resolve({ code: 0, stdout: `${other}\n`, stderr: '' })
        : run(argv);
    const results = await diagnose(folder, {}, world);
    expect(results.filter(({ check }) => /^(?:project|port 80|networks)$/.test(check))).toMatchObject([
      {
        state: 'failed',
        detail: expect.stringContaining(other),
        remedy: expect.stringContaining('COMPOSE_PROJECT_NAME'),
      },
      { check: 'port 80', state: 'failed' },
      { check: 'networks', state: 'failed' },
    ]);
  });

  it('reads what the OpenID Connect issuer says of itself', async () => {
    const folder = temporaryFolder();
    const oidc = await startOidcStandIn('/realms/main');
    onTestFinished(() => oidc.close());
    await runInit({ ...OIDC, dir: folder, oidcIssuer: oidc.issuer });
    const found = async () => (await diagnose(folder, {}, worldOf())).slice(-3);
    expect(await found()).toMatchObject([
      { check: 'clock' },
      { check: 'OIDC issuer', state: 'ok' },
      {
        check: 'callback',
        state: 'skipped',
        detail: expect.stringContaining('https://auth.mcp.example.com/callback'),
      },
    ]);
    oidc.metadata = { issuer: 'https://other.example' };
    expect(await found()).toMatchObject([
      {},
      { check: 'OIDC issuer', state: 'failed', remedy: expect.stringContaining('OIDC_ISSUER') },
      {},
    ]);
    await oidc.close();
    expect((await found())[1]).toMatchObject({
      state: 'warning',
      detail: expect.stringContaining('cannot be reached'),
    });
  });

  it('says that an OpenID Connect issuer without a list lets nobody in', async () => {
    const folder = temporaryFolder();
    const nobody = { oidcAllowedEmails: '', oidcIssuer: 'http://127.0.0.1:1' };
    await runInit({ ...OIDC, ...nobody, dir: folder });
    expect((await diagnose(folder, {}, worldOf())).at(-1)).toMatchObject({
      check: 'users',
      state: 'warning',
      remedy: expect.stringContaining('OIDC_ALLOWED_EMAILS'),
    });
  });

  it('says that there is no configuration, or what is wrong with it, and looks at the machine all the same', async () => {
    const folder = temporaryFolder();
    expect(await diagnose(folder, {}, worldOf())).toMatchObject([
      { check: 'configuration', state: 'failed', remedy: expect.stringContaining('mcpgw init') },
      { check: 'Node' },
      { check: 'Docker' },
      { check: 'Compose' },
    ]);
    await runInit({ dir: folder, ...GITHUB });
    appendFileSync(join(folder, '.env'), 'HTTP_PORT=0\nSESSION_TIMEOUT=x\n');
    const [configuration] = await diagnose(folder, {}, worldOf());
    expect(configuration).toMatchObject({
      state: 'failed',
      detail: expect.stringMatching(/HTTP_PORT.*SESSION_TIMEOUT/),
    });
  });

  it('exits 1 with JSON as a process', async () => {
    const folder = temporaryFolder();
    const { code, stdout, stderr } = await mcpgw(['doctor', '--dir', folder, '--json']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, checks: expect.any(Array) });
  });
});

describe('a port', () => {
  it('is free, taken, or of another machine', async () => {
    const server = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    expect(await probePort('127.0.0.1', port)).toBe('taken');
    expect(await probePort('0.0.0.0', port)).toBe('taken');
    await new Promise((resolve) => server.close(resolve));
    expect(await probePort('127.0.0.1', port)).toBe('free');
    expect(await probePort('192.0.2.1', port)).toBe('elsewhere');
  });
});

describe('memory limits', () => {
  it('count each replica', () => {
    const text = [
      'services:',
      '  auth: { deploy: { replicas: 2, resources: { limits: { memory: 256m } } } }',
      '  time: { deploy: { resources: { limits: { memory: "128m" } } } }',
    ].join('\n');
    expect(memoryLimits(text)).toEqual([256, 256, 128]);
  });
});
