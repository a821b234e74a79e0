import { describe, expect, test } from 'vitest';
import {
  CONFIG_KEYS,
  configSchema,
  enabledKey,
  keyChoices,
  keyDefault,
  keyMeta,
} from '../../runtime/config/schema.ts';
import { envLine } from '../../runtime/config/env-file.ts';

/** Names that users of the reference have in their `.env`. */
const REFERENCE = [
  ...[
    'BASE_DOMAIN',
    'ACME_EMAIL',
    'GITHUB_CLIENT_ID',
    'GITHUB_CLIENT_SECRET',
    'OIDC_CLIENT_SECRET',
    'PASSPHRASE_HASH',
    'GATEWAY_JWT_SECRET',
    'JWT_PRIVATE_KEY_B64',
  ],
  ...[
    'REDIS_PASSWORD',
    'REDIS_URL',
    'ALLOWED_GITHUB_USERS',
    'ACCESS_TOKEN_LIFETIME',
    'REFRESH_TOKEN_LIFETIME',
  ],
  ...['SESSION_TIMEOUT', 'CLIENT_LIFETIME', 'MCP_PROTOCOL_VERSION', 'MCP_CORS_ORIGINS'],
];

test('has every key of the reference', () => {
  expect(CONFIG_KEYS).toEqual(expect.arrayContaining(REFERENCE));
  expect(enabledKey('echo-stateful')).toBe('MCP_ECHO_STATEFUL_ENABLED');
});

describe.each(CONFIG_KEYS)('%s', (key) => {
  const meta = keyMeta(key);

  test('is described', () => {
    expect(meta.group).not.toBe('');
    expect(meta.title.length).toBeLessThanOrEqual(40);
    expect(meta.description).toMatch(/^\S.*\.$/);
    expect(meta.example).not.toBe('');
  });

  test('has an example that is valid', () => {
    // What stands in brackets says how a secret looks; it is none.
    if (!meta.example.startsWith('('))
      expect(configSchema.shape[key].safeParse(meta.example).success).toBe(true);
    else expect(meta.secret).toBe(true);
  });

  test('has a default that is valid as it is written, and gives what no value gives', () => {
    const fallback = keyDefault(key);
    if (fallback === undefined) return;
    expect(envLine(key, fallback)).toContain(key);
    const type = configSchema.shape[key];
    if (fallback !== '') expect(type.parse(fallback)).toEqual(type.parse(undefined));
  });

  test('has choices that are valid', () => {
    for (const choice of keyChoices(key) ?? [])
      expect(configSchema.shape[key].safeParse(choice).success).toBe(true);
  });
});

test('every secret is marked as one', () => {
  const secrets = CONFIG_KEYS.filter((key) => keyMeta(key).secret === true);
  expect(secrets).toEqual([
    'GITHUB_CLIENT_SECRET',
    'OIDC_CLIENT_SECRET',
    'PASSPHRASE_HASH',
    'GATEWAY_JWT_SECRET',
    'JWT_PRIVATE_KEY_B64',
    'REGISTRATION_TOKEN',
    'REDIS_PASSWORD',
    'REDIS_SENTINEL_PASSWORD',
  ]);
  for (const key of CONFIG_KEYS.filter((name) => /SECRET|PASSWORD|PRIVATE_KEY|_TOKEN$/.test(name)))
    expect(secrets).toContain(key);
});
