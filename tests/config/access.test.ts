import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtinCatalog } from '../../cli/package-root.ts';
import { allowListKeys, isAccessKey, unknownAllowLists } from '../../runtime/config/access.ts';
import { loadCatalog } from '../../runtime/config/catalog.ts';
import { ConfigError } from '../../runtime/config/faults.ts';
import { gather, knownKeys, parseConfig } from '../../runtime/config/load.ts';
import { CONFIG_KEYS } from '../../runtime/config/schema.ts';

const catalog = loadCatalog([join(builtinCatalog())]);
const basic = {
  BASE_DOMAIN: 'example.com',
  ACME_EMAIL: 'a@example.com',
  GITHUB_CLIENT_ID: 'id',
  GITHUB_CLIENT_SECRET: 'secret',
  GATEWAY_JWT_SECRET: 'x'.repeat(40),
};
const configOf = (file: Record<string, string>) =>
  parseConfig(gather({}, { ...basic, ...file }, knownKeys(catalog)), catalog);

describe('the allow-lists of services', () => {
  it('are read for each service, enabled or not, and an empty one is not the same as none', () => {
    const { allowed } = configOf({
      MCP_FETCH_ALLOWED_USERS: ' octocat , github:7',
      MCP_FETCH_ALLOWED_GROUPS: 'staff',
      MCP_ECHO_STATEFUL_ALLOWED_USERS: '',
    });
    expect(allowed).toEqual({
      fetch: { users: ['octocat', 'github:7'], groups: ['staff'] },
      'echo-stateful': { users: [] },
    });
    expect(configOf({}).allowed).toEqual({});
  });

  it('refuse * beside names', () => {
    expect(() => configOf({ MCP_FETCH_ALLOWED_USERS: '*,octocat' })).toThrow(ConfigError);
    expect(() => configOf({ MCP_FETCH_ALLOWED_USERS: '*,octocat' })).toThrow(
      /MCP_FETCH_ALLOWED_USERS: \* means/,
    );
  });

  it('are faults when there is no such service: a typing error must not leave one open', () => {
    const names = ['MCP_FECH_ALLOWED_USERS', 'MCP_FETCH_ALLOWED_GROUPS', 'MCP_FETCH_ENABLED'];
    expect(unknownAllowLists(names, catalog.services.keys()).map(({ key }) => key)).toEqual([
      'MCP_FECH_ALLOWED_USERS',
    ]);
  });

  it('have keys after the name of the service', () => {
    expect(allowListKeys('echo-stateful')).toEqual({
      users: 'MCP_ECHO_STATEFUL_ALLOWED_USERS',
      groups: 'MCP_ECHO_STATEFUL_ALLOWED_GROUPS',
    });
  });

  it('and those of the identity providers are what may change while the gateway runs', () => {
    const keys = CONFIG_KEYS.filter(isAccessKey);
    expect(keys).toContain('ALLOWED_GITHUB_USERS');
    expect(keys.every((key) => key.includes('ALLOWED'))).toBe(true);
  });
});
