import { describe, expect, it } from 'vitest';
import { clockResult } from '../../../cli/doctor/checks/clock.ts';
import { checkDisk, checkDocker, checkMemory } from '../../../cli/doctor/checks/docker.ts';
import { credentialsResult } from '../../../cli/doctor/checks/github.ts';
import { discoveryResult } from '../../../cli/doctor/checks/oidc.ts';
import { namesResult } from '../../../cli/doctor/checks/names.ts';
import { networksResult } from '../../../cli/doctor/checks/networks.ts';
import { checkNode } from '../../../cli/doctor/checks/node.ts';
import { portResult } from '../../../cli/doctor/checks/ports.ts';
import { DockerMissingError, type RunDocker } from '../../../cli/compose/run.ts';
import { hostsOf, type Topology } from '../../../runtime/config/topology.ts';

const GIB = 1024 ** 3;
const engine = (gib: number) => ({ memoryBytes: gib * GIB, rootFolder: '/var/lib/docker' });

describe('Node', () => {
  it.each([
    ['v24.1.0', 'ok'],
    ['v22.13.0', 'ok'],
    ['v22.12.0', 'failed'],
    ['v20.19.5', 'failed'],
  ])('%s: %s', (version, state) => expect(checkNode(version).state).toBe(state));
});

describe('Docker', () => {
  const run =
    (answers: Record<string, string | number>): RunDocker =>
    (argv) => {
      const answer = answers[argv[0] ?? ''] ?? 1;
      const [code, stdout] = typeof answer === 'number' ? [answer, ''] : [0, answer];
      return Promise.resolve({ code, stdout, stderr: '' });
    };
  const GOOD = {
    compose: '2.26.1\n',
    version: '20.10.24\n',
    context: 'unix:///var/run/docker.sock\n',
    info: '{"MemTotal":4294967296,"DockerRootDir":"/var/lib/docker"}\n',
  };

  it('is good', async () => {
    const { results, engine: found } = await checkDocker(run(GOOD));
    expect(results.map(({ state }) => state)).toEqual(['ok', 'ok']);
    expect(found).toEqual({ memoryBytes: 4 * GIB, rootFolder: '/var/lib/docker' });
  });

  it.each<[string, Record<string, string | number>, RegExp]>([
    [
      'on another machine',
      { context: 'ssh://me@far.example' },
      /leads to another machine \(ssh:\/\/far\.example\)/,
    ],
    ['down', { version: 1 }, /does not answer/],
    ['too old', { version: '19.03.1' }, /engine is 19\.03\.1/],
    ['without Compose', { compose: 1 }, /no Compose v2/],
  ])('is %s', async (_, change, detail) => {
    const { results, engine: found } = await checkDocker(run({ ...GOOD, ...change }));
    expect(results).toEqual([
      {
        check: 'Docker',
        state: 'failed',
        detail: expect.stringMatching(detail),
        remedy: expect.stringMatching(/mcpgw dev/),
      },
    ]);
    expect(found).toBeUndefined();
  });

  it('is not there', async () => {
    const { results } = await checkDocker(() => Promise.reject(new DockerMissingError('no')));
    expect(results).toMatchObject([{ state: 'failed', detail: expect.stringContaining('not installed') }]);
  });

  it('has enough memory, or not', () => {
    const limits = Array.from({ length: 12 }, () => 256);
    expect(checkMemory(limits, engine(4)).state).toBe('ok');
    expect(checkMemory(limits, engine(2)).state).toBe('warning');
    expect(checkMemory(limits, engine(0.5)).state).toBe('failed');
    expect(checkMemory(limits, undefined).state).toBe('skipped');
  });

  it('has enough room, or not', () => {
    expect(checkDisk(20 * GIB, '/', 9).state).toBe('ok');
    expect(checkDisk(3 * GIB, '/', 9).state).toBe('warning');
    expect(checkDisk(GIB / 2, '/', 9).state).toBe('failed');
  });
});

describe('ports', () => {
  const published = { key: 'HTTPS_PORT', port: 443 } as const;
  it('are free, taken by somebody, or our own', () => {
    expect(portResult(published, '0.0.0.0', 'free', false).state).toBe('ok');
    expect(portResult(published, '0.0.0.0', 'taken', true).state).toBe('ok');
    expect(portResult(published, '0.0.0.0', 'taken', false)).toMatchObject({
      state: 'failed',
      remedy: expect.stringContaining('HTTPS_PORT'),
    });
    expect(portResult(published, '192.0.2.1', 'elsewhere', false)).toMatchObject({
      state: 'failed',
      remedy: expect.stringContaining('BIND_ADDRESS'),
    });
  });
});

describe('names', () => {
  const topology: Topology = {
    mode: 'subdomain',
    scheme: 'https',
    domain: 'example.com',
    services: ['fetch', 'time'],
  };
  const all = (...addresses: string[]) => new Map(hostsOf(topology).map((host) => [host, addresses]));

  it('are known, or not', () => {
    expect(namesResult(topology, '0.0.0.0', all('203.0.113.7'))).toMatchObject({
      state: 'ok',
      detail: '3 names → 203.0.113.7',
    });
    const one = new Map([...all('203.0.113.7'), ['time.example.com', [] as string[]]]);
    expect(namesResult(topology, '0.0.0.0', one)).toMatchObject({
      state: 'failed',
      detail: '1 of 3 names are unknown: time.example.com',
      remedy: expect.stringContaining('*.example.com'),
    });
    expect(namesResult(topology, '127.0.0.1', one).state).toBe('warning');
    expect(namesResult(topology, '0.0.0.0', all('127.0.0.1')).state).toBe('warning');
    expect(namesResult(topology, '127.0.0.1', all('127.0.0.1')).state).toBe('ok');
    const local: Topology = { ...topology, mode: 'path', domain: 'localhost' };
    expect(namesResult(local, '0.0.0.0', new Map([['localhost', ['127.0.0.1']]])).state).toBe('ok');
  });
});

describe('the clock', () => {
  const NOW = Date.UTC(2026, 10, 24);
  it.each([
    [0, 'ok', /agrees/],
    [4_000, 'ok', /agrees/],
    [-20_000, 'warning', /19 s behind/],
    [90_000, 'failed', /89 s ahead of/],
  ])('%d ms off: %s', (off, state, detail) => {
    const result = clockResult(NOW + off, NOW, 'github.com');
    expect(result).toMatchObject({ state, detail: expect.stringMatching(detail) });
  });
});

describe('the GitHub app', () => {
  it.each([
    [200, '{"error":"bad_verification_code"}', 'ok'],
    [200, '{"error":"incorrect_client_credentials"}', 'failed'],
    [404, '{"error":"Not Found"}', 'failed'],
    [404, 'Not Found', 'failed'],
    [200, '<html>', 'warning'],
    [500, '', 'warning'],
  ])('%d %s: %s', (status, text, state) => {
    expect(credentialsResult(status, text, 'github.com').state).toBe(state);
  });
});

describe('the OpenID Connect issuer', () => {
  const ISSUER = 'https://id.example.com/realms/main';
  const GOOD = {
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/auth`,
    token_endpoint: `${ISSUER}/token`,
    jwks_uri: `${ISSUER}/keys`,
  };
  it.each<[string, number, object | string, string, RegExp]>([
    ['as it should be', 200, GOOD, 'ok', /^id\.example\.com is there/],
    ['another one', 200, { ...GOOD, issuer: 'https://evil.example' }, 'failed', /itself https:\/\/evil/],
    ['one with a slash more', 200, { ...GOOD, issuer: `${ISSUER}/` }, 'failed', /calls itself/],
    ['one that writes escapes', 200, { ...GOOD, issuer: '\u001b[2J' }, 'failed', /something that is no URL$/],
    ['one without keys', 200, { ...GOOD, jwks_uri: undefined }, 'failed', /names no jwks_uri$/],
    ['a web site', 200, '<html>', 'failed', /no OpenID Connect metadata there \(200\)/],
    ['nothing', 404, '', 'failed', /\(404\)/],
    ['a redirect', 302, '', 'failed', /\(302\)/],
    ['out of order', 503, GOOD, 'warning', /out of order \(503\)/],
  ])('is %s', (_what, status, body, state, detail) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    expect(discoveryResult(status, text, ISSUER)).toMatchObject({
      state,
      detail: expect.stringMatching(detail),
    });
  });

  it("is Microsoft's for any tenant, which names no tenant", () => {
    const any = 'https://login.microsoftonline.com/organizations/v2.0';
    const named = (issuer: string) => discoveryResult(200, JSON.stringify({ ...GOOD, issuer }), any).state;
    expect(named('https://login.microsoftonline.com/{tenantid}/v2.0')).toBe('ok');
    expect(named(any)).toBe('failed');
  });
});

describe('networks', () => {
  const RANGE = '10.201.0.0/20';
  it('are free, ours, or somebody else’s', () => {
    expect(networksResult(RANGE, [], [{ cidr: '192.0.2.0/24', of: 'x' }]).state).toBe('ok');
    expect(networksResult(RANGE, ['10.201.0.0/28'], [{ cidr: '10.201.0.0/28', of: 'a route' }]).state).toBe(
      'ok',
    );
    expect(
      networksResult(RANGE, ['10.201.0.0/28'], [{ cidr: '10.201.0.1/28', of: 'an address' }]).state,
    ).toBe('ok');
    const clash = networksResult(
      RANGE,
      ['10.201.0.0/28'],
      [
        { cidr: '10.201.8.0/21', of: 'a VPN' },
        { cidr: '10.202.0.0/16', of: 'the office' },
      ],
    );
    expect(clash).toMatchObject({
      state: 'failed',
      detail: '10.201.0.0/20 overlaps 10.201.8.0/21 (a VPN)',
      remedy: expect.stringContaining('10.203.0.0/20'),
    });
  });

  it('have no range left to propose where everything is taken', () => {
    expect(networksResult(RANGE, [], [{ cidr: '0.0.0.0/1', of: 'a VPN' }]).remedy).toContain(
      '172.16.224.0/20',
    );
    const everything = ['0.0.0.0/1', '128.0.0.0/1'].map((cidr) => ({ cidr, of: 'a VPN' }));
    expect(networksResult(RANGE, [], everything).remedy).toContain('a range that is free');
  });
});
