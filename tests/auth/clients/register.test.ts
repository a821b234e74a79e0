import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authorize,
  codeForm,
  postJson,
  postToken,
  registerClient,
  signIn,
} from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

let test: TestAuth;
beforeAll(async () => {
  test = await startTestAuth();
});
afterAll(() => test.close());

const register = async (body: unknown) => {
  const response = await postJson(`${test.origin}/register`, body);
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
};

describe('registration (RFC 7591)', () => {
  it('makes a confidential client by default, with a secret that ends with the registration', async () => {
    const { status, headers, body } = await register({ redirect_uris: ['https://example.com/cb'] });
    expect(status).toBe(201);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code'],
    });
    expect(body.client_secret).toMatch(/^[\w-]{43}$/);
    expect(body.client_secret_expires_at).toBe(
      (body.client_id_issued_at as number) + test.settings.clientLifetimeSeconds,
    );
    expect(body.client_id_issued_at).toBe(Math.floor(test.clock.now() / 1000));
  });

  it('says 0 for a registration that never ends', async () => {
    const other = await startTestAuth({ settings: { clientLifetimeSeconds: 0 } });
    try {
      const client = await registerClient(other.origin, {
        token_endpoint_auth_method: 'client_secret_basic',
      });
      expect(client.client_secret_expires_at).toBe(0);
      await authorize(other, { client });
      other.clock.advance(50 * 365 * 86_400_000);
      expect(await other.store.getClient(client.client_id)).toBeDefined();
    } finally {
      await other.close();
    }
  });

  it('gives a public client no secret', async () => {
    const client = await registerClient(test.origin);
    expect(client).not.toHaveProperty('client_secret');
    expect(client).not.toHaveProperty('client_secret_expires_at');
  });

  it('drops unknown scopes from the answer, not the client', async () => {
    const client = await registerClient(test.origin, { scope: 'openid  mcp:echo email' });
    expect(client.scope).toBe('mcp:echo');
  });

  it('leaves out what could do harm when shown', async () => {
    const client = await registerClient(test.origin, {
      client_name: 'a\u202Eb\u0000c',
      client_uri: 'javascript:alert(1)',
      logo_uri: 'data:image/png,x',
      tos_uri: 42,
    });
    expect(client.client_name).toBe('abc');
    for (const member of ['client_uri', 'logo_uri', 'tos_uri']) expect(client).not.toHaveProperty(member);
  });

  it.each([
    [{ redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['https://example.com/cb', 'http://example.com/cb'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: [] }, 'invalid_redirect_uri'],
    [{ redirect_uris: 'https://example.com/cb' }, 'invalid_redirect_uri'],
    [
      { redirect_uris: Array.from({ length: 17 }, (_, index) => `https://example.com/${index}`) },
      'invalid_redirect_uri',
    ],
    [{}, 'invalid_redirect_uri'],
    [
      { redirect_uris: ['https://e.com/'], token_endpoint_auth_method: 'private_key_jwt' },
      'invalid_client_metadata',
    ],
    [{ redirect_uris: ['https://e.com/'], grant_types: ['client_credentials'] }, 'invalid_client_metadata'],
    [{ redirect_uris: ['https://e.com/'], grant_types: ['refresh_token'] }, 'invalid_client_metadata'],
    [{ redirect_uris: ['https://e.com/'], response_types: ['token'] }, 'invalid_client_metadata'],
    [{ redirect_uris: ['https://e.com/'], scope: ['mcp:echo'] }, 'invalid_client_metadata'],
    [[], 'invalid_client_metadata'],
    ['text', 'invalid_client_metadata'],
  ])('refuses %j', async (body, error) => {
    const answer = await register(body);
    expect([answer.status, answer.body.error]).toEqual([400, error]);
    expect(answer.body.error_description).toBeTypeOf('string');
  });

  it('refuses what is no JSON, or too much of it, without quoting it', async () => {
    const post = (body: string, type = 'application/json') =>
      fetch(`${test.origin}/register`, { method: 'POST', headers: { 'content-type': type }, body });
    const broken = await post('{"client_secret": "sesame", ');
    expect([broken.status, await broken.text()]).toEqual([400, expect.not.stringContaining('sesame')]);
    expect((await post(JSON.stringify({ padding: 'x'.repeat(70_000) }))).status).toBe(413);
    expect((await post('redirect_uris=x', 'application/x-www-form-urlencoded')).status).toBe(415);
  });

  it('is no larger than 8 kB as a whole, each text bounded', async () => {
    const uris = (length: number, each: number) =>
      Array.from({ length }, (_, index) => `https://example.com/${index}/`.padEnd(each, 'a'));
    expect((await register({ redirect_uris: uris(16, 400) })).status).toBe(201);
    const before = test.store.calls.length;
    for (const body of [
      { redirect_uris: uris(16, 500) },
      { redirect_uris: uris(16, 2048) },
      { redirect_uris: uris(3, 2048), client_uri: uris(1, 2048)[0], logo_uri: uris(1, 2048)[0] },
      {
        redirect_uris: uris(1, 50),
        contacts: Array.from({ length: 10 }, () => '\u{1f511}'.repeat(100)),
        tos_uri: uris(1, 2048)[0],
        policy_uri: uris(1, 2048)[0],
        logo_uri: uris(1, 2048)[0],
      },
      { redirect_uris: uris(1, 50), grant_types: ['authorization_code', 'a'.repeat(201)] },
      { redirect_uris: uris(1, 50), response_types: ['code', 'a'.repeat(201)] },
      { redirect_uris: uris(1, 50), scope: 'a'.repeat(4097) },
    ]) {
      expect(await register(body)).toMatchObject({ status: 400, body: { error: 'invalid_client_metadata' } });
    }
    expect(test.store.calls).toHaveLength(before);
  });

  it('ends with the client lifetime, for /authorize and /token', async () => {
    const other = await startTestAuth({ settings: { clientLifetimeSeconds: 100 } });
    try {
      const flow = await signIn(other);
      other.clock.advance(100_001);
      expect(await postToken(other, codeForm(flow))).toMatchObject({
        status: 401,
        body: { error: 'invalid_client' },
      });
    } finally {
      await other.close();
    }
  });

  it('invariant 9: keeps no secret that could be read', async () => {
    const client = await registerClient(test.origin, { token_endpoint_auth_method: 'client_secret_basic' });
    expect(JSON.stringify(await test.store.getClient(client.client_id))).not.toContain(client.client_secret);
  });
});
