import { describe, expect, test } from 'vitest';
import { builtinCatalog } from '../../cli/package-root.ts';
import { loadCatalog, type Service } from '../../runtime/config/catalog.ts';
import { ConfigError, faultLine } from '../../runtime/config/faults.ts';
import { gather, knownKeys, parseConfig, topologyOf } from '../../runtime/config/load.ts';
import { callbackUrl, resourceUrl } from '../../runtime/config/topology.ts';

const builtin = loadCatalog([builtinCatalog()]);
const tmux = builtin.services.get('tmux') as Service;
/** With a service that is only described. */
const catalog = { services: new Map([...builtin.services, ['tmux', { ...tmux, planned: true }]]) };

const GOOD = {
  BASE_DOMAIN: 'MCP.example.com',
  ACME_EMAIL: 'a@example.com',
  GITHUB_CLIENT_ID: 'id',
  GITHUB_CLIENT_SECRET: 'secret',
  GATEWAY_JWT_SECRET: 'x'.repeat(32),
};

const ENTRA = 'https://login.microsoftonline.com';
const OIDC = {
  IDENTITY_PROVIDER: 'oidc',
  OIDC_ISSUER: 'https://id.example.com',
  OIDC_CLIENT_ID: 'id',
  OIDC_CLIENT_SECRET: 'secret',
};

function faults(texts: Record<string, string>): string[] {
  try {
    parseConfig(texts, catalog);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).faults.map(faultLine);
  }
}

describe('gather', () => {
  const names = ['A', 'B', 'C', 'D'];
  const files: Record<string, string> = { '/a': 'from the file\n', '/two': 'one\ntwo\r\n' };
  const read = (path: string) => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT ${path}`);
    return text;
  };

  test('the environment goes before a file, a file before .env, and an empty variable before nothing', () => {
    const environment = { A: 'environment', A_FILE: '/a', B_FILE: '/a', C: '' };
    const file = { A: 'env file', B: 'env file', C: 'env file', D_FILE: '/two' };
    expect(gather(environment, file, names, read)).toEqual({
      ...{ A: 'environment', B: 'from the file', C: 'env file', D: 'one\ntwo' },
    });
  });

  test('reports every file that cannot be read', () => {
    try {
      gather({ A_FILE: '/x', B_FILE: '/y' }, {}, names, read);
      expect.unreachable();
    } catch (error) {
      expect((error as ConfigError).faults.map(({ key }) => key)).toEqual(['A_FILE', 'B_FILE']);
    }
  });
});

describe('parseConfig', () => {
  test('takes defaults where nothing, or empty text, is given', () => {
    const { values, services } = parseConfig(
      { ...GOOD, ACCESS_TOKEN_LIFETIME: '', MCP_TIME_ENABLED: 'YES', MCP_MEMORY_ENABLED: '0' },
      catalog,
    );
    expect(values).toMatchObject({
      BASE_DOMAIN: 'mcp.example.com',
      ACCESS_TOKEN_LIFETIME: 86_400,
      MCP_CORS_ORIGINS: ['*'],
      ALLOWED_GITHUB_USERS: [],
    });
    expect(services).toEqual([
      'echo-stateful',
      'echo-stateless',
      'everything',
      'filesystem',
      'sequentialthinking',
      'time',
    ]);
  });

  test('reports everything that is wrong at once: values, rules between them, and services', () => {
    expect(
      faults({
        ...{
          BASE_DOMAIN: 'https://x',
          HTTP_PORT: '99999',
          MCP_CORS_ORIGINS: 'https://a.example/path',
          TRUSTED_PROXIES: '10.0.0.0/33',
        },
        ...{ ALLOWED_GITHUB_USERS: '*,octocat', MCP_TMUX_ENABLED: 'true', MCP_TIME_ENABLED: 'maybe' },
      }),
    ).toEqual([
      'BASE_DOMAIN: is not a host name (no scheme, port or path) (example: mcp.example.com)',
      'HTTP_PORT: must be a whole number from 1 to 65535 (example: 80)',
      'TRUSTED_PROXIES: must be IP addresses or ranges like 10.0.0.0/8, separated by commas (example: 10.0.0.0/8)',
      'GATEWAY_JWT_SECRET: is missing (example: (43 random characters, made by mcpgw init))',
      'MCP_CORS_ORIGINS: must be origins like https://app.example.com (no path), separated by commas, or * (example: https://app.example.com)',
      'MCP_TIME_ENABLED: must be true or false (example: true)',
      'MCP_TMUX_ENABLED: tmux is not part of this release (example: false)',
      'ACME_EMAIL: is required when TLS_MODE is acme (example: you@example.com)',
      'GITHUB_CLIENT_ID: is required when IDENTITY_PROVIDER has github (example: Ov23liAbCdEfGhIjKlMn)',
      'GITHUB_CLIENT_SECRET: is required when IDENTITY_PROVIDER has github (example: (40 hexadecimal characters))',
      'ALLOWED_GITHUB_USERS: * means anybody and stands alone (example: *)',
    ]);
  });

  test.each([
    [{ TLS_MODE: 'off', ACME_EMAIL: '' }, []],
    [{ TLS_MODE: 'off', TRUSTED_PROXIES: '10.0.0.1, fd00::/8' }, []],
    [{ TRUSTED_PROXIES: '10.0.0.1' }, ['TRUSTED_PROXIES']],
    [{ TLS_MODE: 'internal', TRUSTED_PROXIES: '10.0.0.1', ACME_EMAIL: '' }, ['TRUSTED_PROXIES']],
    [{ TLS_MODE: 'internal', HTTPS_PORT: '80' }, ['HTTPS_PORT']],
    [{ TLS_MODE: 'off', HTTPS_PORT: '80' }, []],
    [{ TLS_MODE: 'files' }, ['TLS_CERT_FILE', 'TLS_KEY_FILE']],
    [{ TLS_MODE: 'files', TLS_CERT_FILE: 'a', TLS_KEY_FILE: 'b', ACME_CHALLENGE: 'dns-01' }, []],
    [{ ACME_CHALLENGE: 'dns-01' }, ['ACME_DNS_PROVIDER']],
    [{ ACME_CHALLENGE: 'dns-01', ACME_DNS_PROVIDER: 'route53' }, []],
    [
      { ACME_CHALLENGE: 'dns-01', ACME_DNS_PROVIDER: 'x', ACME_DNS_VARIABLES: 'A_KEY,REDIS_PASSWORD' },
      ['ACME_DNS_VARIABLES'],
    ],
    [{ ACME_DNS_VARIABLES: 'lower' }, ['ACME_DNS_VARIABLES']],
    [{ ACME_STAGING: 'true', ACME_CA_URL: 'https://ca.example/dir' }, ['ACME_STAGING']],
    [{ ACME_CA_URL: 'http://ca.example/dir' }, ['ACME_CA_URL']],
    [{ ACME_CA_CERT_FILE: 'ca.pem' }, ['ACME_CA_URL']],
    [{ ACME_CHALLENGE: 'http' }, ['ACME_CHALLENGE']],
    [{ HTTPS_PORT: '80' }, ['HTTPS_PORT']],
    [{ IDENTITY_PROVIDER: 'local' }, ['IDENTITY_PROVIDER']],
    [{ IDENTITY_PROVIDER: 'local,github', BIND_ADDRESS: '127.0.0.5' }, ['IDENTITY_PROVIDER']],
    [{ IDENTITY_PROVIDER: 'passphrase' }, ['PASSPHRASE_HASH']],
    [{ IDENTITY_PROVIDER: 'passphrase', PASSPHRASE_HASH: 'x' }, ['PASSPHRASE_HASH']],
    [{ IDENTITY_PROVIDER: 'oidc' }, ['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET']],
    [{ ...OIDC, GITHUB_CLIENT_ID: '', GITHUB_CLIENT_SECRET: '' }, []],
    [{ ...OIDC, IDENTITY_PROVIDER: 'oidc,passphrase,github' }, ['PASSPHRASE_HASH']],
    [{ ...OIDC, OIDC_CLIENT_SECRET: '' }, ['OIDC_CLIENT_SECRET']],
    [{ ...OIDC, OIDC_ISSUER: 'id.example.com' }, ['OIDC_ISSUER']],
    [{ ...OIDC, OIDC_ISSUER: 'https://id.example.com/?a=b' }, ['OIDC_ISSUER']],
    [{ ...OIDC, OIDC_ALLOWED_EMAILS: '*,a@example.com' }, ['OIDC_ALLOWED_EMAILS']],
    [{ ...OIDC, OIDC_ALLOWED_DOMAINS: '@example.com' }, ['OIDC_ALLOWED_DOMAINS']],
    [{ ...OIDC, OIDC_ALLOWED_GROUPS: 'staff' }, ['OIDC_GROUPS_CLAIM']],
    [{ ...OIDC, OIDC_ALLOWED_GROUPS: 'staff', OIDC_GROUPS_CLAIM: 'groups' }, []],
    // Entra for any tenant: a tenant is a group without a claim that says so.
    [{ ...OIDC, OIDC_ALLOWED_GROUPS: 'tenant', OIDC_ISSUER: `${ENTRA}/organizations/v2.0` }, []],
    [{ ...OIDC, OIDC_ALLOWED_GROUPS: 'x', OIDC_ISSUER: `${ENTRA}/1-2-3/v2.0` }, ['OIDC_GROUPS_CLAIM']],
    [{ IDENTITY_PROVIDER: 'github,gitlab' }, ['IDENTITY_PROVIDER']],
    [{ ALLOWED_GITHUB_USERS: 'octo cat' }, ['ALLOWED_GITHUB_USERS']],
    [{ ALLOWED_GITHUB_USERS: '@octocat,you@example.com' }, ['ALLOWED_GITHUB_USERS']],
    [{ ALLOWED_GITHUB_USERS: 'octo-cat,Octo_Corp,former-' }, []],
    [
      { ALLOWED_GITHUB_ORGS: 'acme/x', ALLOWED_GITHUB_TEAMS: 'acme' },
      ['ALLOWED_GITHUB_ORGS', 'ALLOWED_GITHUB_TEAMS'],
    ],
    [{ IDENTITY_PROVIDER: 'local', BIND_ADDRESS: '127.0.0.5', GITHUB_CLIENT_ID: '' }, []],
    [{ NETWORK_RANGE: '10.201.1.0/20' }, ['NETWORK_RANGE']],
    [{ NETWORK_RANGE: '10.0.0.0/24' }, ['NETWORK_RANGE']],
    [{ CONTAINER_USER: '0:0' }, ['CONTAINER_USER']],
    [{ GATEWAY_JWT_SECRET: 'short' }, ['GATEWAY_JWT_SECRET']],
    [{ REDIS_URL: 'redis://:password@redis' }, ['REDIS_URL']],
    [
      Object.fromEntries(
        knownKeys(catalog)
          .filter((key) => key.endsWith('_ENABLED'))
          .map((key) => [key, 'false']),
      ),
      ['MCP_<SERVICE>_ENABLED'],
    ],
  ])('%j', (texts, keys) => {
    expect(faults({ ...GOOD, ...texts }).map((line) => line.split(':')[0])).toEqual(keys);
  });
});

test('the topology says where everything is', () => {
  const topology = topologyOf(parseConfig({ ...GOOD, HTTPS_PORT: '8443' }, catalog));
  expect(callbackUrl(topology)).toBe('https://auth.mcp.example.com:8443/callback');
  expect(resourceUrl(topology, 'memory')).toBe('https://memory.mcp.example.com:8443/mcp');
  const path = topologyOf(parseConfig({ ...GOOD, ROUTING_MODE: 'path' }, catalog));
  expect(callbackUrl(path)).toBe('https://mcp.example.com/callback');
  expect(resourceUrl(path, 'memory')).toBe('https://mcp.example.com/memory/mcp');
});

test('the catalog has all eleven services', () => {
  expect([...catalog.services.keys()]).toHaveLength(11);
});
