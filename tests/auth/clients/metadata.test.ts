import { describe, expect, it } from 'vitest';
import { readMetadata } from '../../../runtime/auth/clients/metadata.ts';
import { testSettings } from '../../helpers/oauth-server.ts';
import { makeSigningClient } from '../../helpers/client-keys.ts';

const settings = testSettings({
  ...{ mode: 'path', scheme: 'https', domain: 'example.com', services: ['echo', 'fetch'] },
});
const read = (extra: Record<string, unknown>) =>
  readMetadata({ redirect_uris: ['https://app.example/cb'], ...extra }, settings);
const jwt = { token_endpoint_auth_method: 'private_key_jwt' };
const { publicJwk, privateKey } = makeSigningClient();
const weak = { ...makeSigningClient('RS256').publicJwk, n: Buffer.alloc(128, 0xff).toString('base64url') };

describe('client metadata (RFC 7591 §2)', () => {
  it('ignores what it does not know, texts in other languages among it', () => {
    const metadata = read({ client_name: 'A', 'client_name#de': 'B', id_token_signed_response_alg: 'none' });
    expect(Object.keys(metadata).filter((name) => /#|id_token/.test(name))).toEqual([]);
    expect(metadata.client_name).toBe('A');
  });

  it('records software and application type', () => {
    const recorded = {
      software_id: 'id',
      software_version: '1',
      application_type: 'web',
      contacts: ['a@b.example'],
    };
    expect(read(recorded)).toMatchObject(recorded);
  });

  it('keeps the keys of a client that signs, in one place', () => {
    expect(read({ ...jwt, jwks: { keys: [publicJwk] } })).toMatchObject({ jwks: { keys: [publicJwk] } });
    const jwks_uri = 'https://app.example/jwks.json';
    expect(read({ ...jwt, jwks_uri })).toMatchObject({ jwks_uri });
    expect(read({ jwks_uri })).not.toHaveProperty('jwks_uri');
  });

  it('does not give everything to what the operator gave a scope that nothing has', () => {
    const body = { redirect_uris: ['https://app.example/cb'] };
    const operators = (scope?: string) => readMetadata({ ...body, scope }, settings, true).scope;
    for (const scope of ['mcp:fetchs', 'fetch', 'mcp:fetch mcp:nope'])
      expect(() => operators(scope)).toThrow(/invalid_client_metadata.*no scope .*mcp:echo mcp:fetch/);
    expect(operators('mcp:fetch')).toBe('mcp:fetch');
    expect(operators()).toBe('mcp:echo mcp:fetch offline_access');
    expect(read({ scope: 'openid' }).scope).toBe('mcp:echo mcp:fetch offline_access');
  });

  it.each<[string, Record<string, unknown>]>([
    ['no keys', jwt],
    ['keys twice', { ...jwt, jwks: { keys: [publicJwk] }, jwks_uri: 'https://app.example/jwks' }],
    [
      'keys twice, and no use for them',
      { jwks: { keys: [publicJwk] }, jwks_uri: 'https://app.example/jwks' },
    ],
    ['no key in the set', { ...jwt, jwks: { keys: [] } }],
    ['a private key', { ...jwt, jwks: { keys: [privateKey.export({ format: 'jwk' })] } }],
    ['a symmetric key', { ...jwt, jwks: { keys: [publicJwk, { kty: 'oct', k: 'AAAA' }] } }],
    ['a key that is too short', { ...jwt, jwks: { keys: [weak] } }],
    ['a key for encryption only', { ...jwt, jwks: { keys: [{ ...publicJwk, use: 'enc' }] } }],
    ['too many keys', { ...jwt, jwks: { keys: Array.from({ length: 21 }, () => publicJwk) } }],
    ['plain http for keys', { ...jwt, jwks_uri: 'http://app.example/jwks' }],
    ['keys on an address', { ...jwt, jwks_uri: 'https://10.0.0.1/jwks' }],
    ['another method', { token_endpoint_auth_method: 'client_secret_jwt' }],
    ['a grant without its response type', { response_types: ['token'] }],
    ['no grant that begins anything', { grant_types: ['refresh_token'] }],
    ['a grant of the operator', { grant_types: ['client_credentials'] }],
  ])('refuses %s', (_name, extra) => {
    expect(() => read(extra)).toThrow(/invalid_client_metadata/);
  });
});
