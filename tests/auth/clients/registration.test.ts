import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../../runtime/auth/hashing.ts';
import {
  clientMetadata,
  postToken,
  refreshForm,
  registerClient,
  signIn,
  type RegisteredClient,
} from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

let test: TestAuth;
beforeAll(async () => {
  test = await startTestAuth();
});
afterAll(() => test.close());

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

async function manage(
  client: RegisteredClient,
  method: string,
  options: { token?: string; body?: unknown; url?: string } = {},
): Promise<Answer> {
  const token = options.token ?? String(client.registration_access_token);
  const response = await fetch(options.url ?? String(client.registration_client_uri), {
    method,
    headers: {
      ...(token !== '' && { authorization: `Bearer ${token}` }),
      ...(options.body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

const confidential = () => registerClient(test.origin, { token_endpoint_auth_method: 'client_secret_basic' });

/** What a client sends to replace its metadata. */
const update = (client: RegisteredClient, extra: Record<string, unknown> = {}) => ({
  client_id: client.client_id,
  ...clientMetadata(extra),
});

describe('managing a registration (RFC 7592)', () => {
  it('is told where and with which token, of which only the hash is kept', async () => {
    const client = await registerClient(test.origin);
    expect(client.registration_client_uri).toBe(`${test.origin}/register/${client.client_id}`);
    expect(client.registration_access_token).toMatch(/^[\w-]{43}$/);
    const kept = await test.store.getClient(client.client_id);
    expect(kept?.registrationTokenHash).toBe(sha256(String(client.registration_access_token)));
    expect(JSON.stringify(kept)).not.toContain(client.registration_access_token);
    expect(JSON.stringify(test.logs)).not.toContain(client.registration_access_token);
  });

  it('reads what was registered, without the secret, which nobody can read again', async () => {
    const client = await confidential();
    const { status, headers, body } = await manage(client, 'GET');
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    const { client_secret, ...rest } = client;
    expect(client_secret).toBeTypeOf('string');
    expect(body).toEqual(rest);
  });

  it('answers 401 to a missing or wrong token and to an unknown client, in the same words', async () => {
    const [client, other] = [await registerClient(test.origin), await confidential()];
    const unknown = `${test.origin}/register/${'0'.repeat(32)}`;
    const bodies = new Set<string>();
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const body = method === 'PUT' ? { body: update(client) } : {};
      for (const options of [
        { token: '' },
        { token: 'x' },
        { token: String(other.registration_access_token) },
        { token: String(other.client_secret) },
        { token: '', url: unknown },
        { url: unknown },
      ]) {
        const answer = await manage(client, method, { ...body, ...options });
        expect(answer.status).toBe(401);
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="mcpgw"/);
        bodies.add(JSON.stringify(answer.body));
      }
    }
    expect(bodies.size).toBe(1);
    expect(await test.store.getClient(client.client_id)).toBeDefined();
    // A GET of an ended registration is not told from that of an unknown one.
    await manage(client, 'DELETE');
    expect((await manage(client, 'GET')).status).toBe(401);
  });

  it('replaces the metadata as a whole; the end that was told stays', async () => {
    const client = await registerClient(test.origin, {
      token_endpoint_auth_method: 'client_secret_post',
      contacts: ['a@example.com'],
    });
    test.clock.advance(60_000);
    const body = update(client, {
      client_name: 'Renamed',
      redirect_uris: ['https://example.com/new'],
      token_endpoint_auth_method: 'client_secret_post',
    });
    const answer = await manage(client, 'PUT', { body });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      client_id: client.client_id,
      client_name: 'Renamed',
      redirect_uris: ['https://example.com/new'],
      client_id_issued_at: client.client_id_issued_at,
      client_secret_expires_at: client.client_secret_expires_at,
    });
    expect(answer.body).not.toHaveProperty('contacts');
    expect((await manage(client, 'GET')).body).toEqual(answer.body);
  });

  it('keeps the secret; a client neither chooses it nor what the server decides', async () => {
    const client = await confidential();
    const method = { token_endpoint_auth_method: 'client_secret_basic' };
    const before = await test.store.getClient(client.client_id);
    for (const extra of [
      { client_secret: 'chosen by the client' },
      { client_secret: 42 },
      { registration_access_token: client.registration_access_token },
      { registration_client_uri: client.registration_client_uri },
      { client_secret_expires_at: 0 },
      { client_id_issued_at: 0 },
      { client_id: 'another' },
      { client_id: undefined },
      { redirect_uris: ['javascript:alert(1)'] },
    ]) {
      const answer = await manage(client, 'PUT', { body: { ...update(client, method), ...extra } });
      expect([extra, answer.status]).toEqual([extra, 400]);
    }
    expect(await test.store.getClient(client.client_id)).toEqual(before);
    const same = { ...update(client, method), client_secret: client.client_secret };
    expect((await manage(client, 'PUT', { body: same })).status).toBe(200);
    expect((await test.store.getClient(client.client_id))?.secretHash).toBe(before?.secretHash);
    const { tokens } = await signIn(test, { client });
    expect(tokens.access_token).toBeTypeOf('string');
  });

  it('gives a secret to a client that becomes confidential, and takes it from one that becomes public', async () => {
    const client = await registerClient(test.origin);
    const method = { token_endpoint_auth_method: 'client_secret_basic' };
    const { body } = await manage(client, 'PUT', { body: update(client, method) });
    expect(body.client_secret).toMatch(/^[\w-]{43}$/);
    expect(body.client_secret_expires_at).toBeTypeOf('number');
    const { tokens } = await signIn(test, { client: { ...client, ...body } });
    const form = refreshForm(client, tokens.refresh_token);
    expect((await postToken(test, form)).body.error).toBe('invalid_client');
    const back = await manage(client, 'PUT', { body: update(client) });
    expect(back.body).not.toHaveProperty('client_secret_expires_at');
    expect((await postToken(test, form)).status).toBe(200);
  });

  it('gives no grant away that only the operator gives', async () => {
    const client = await confidential();
    const body = update(client, { grant_types: ['authorization_code', 'client_credentials'] });
    expect((await manage(client, 'PUT', { body })).body.grant_types).toEqual(['authorization_code']);
  });

  it('deletes the client and ends all of its tokens', async () => {
    const { client, tokens } = await signIn(test);
    const headers = { authorization: `Bearer ${tokens.access_token}` };
    expect((await fetch(test.resource('echo'), { headers })).status).toBe(200);
    const answer = await manage(client, 'DELETE');
    expect([answer.status, answer.body]).toEqual([204, {}]);
    test.clock.advance(2_000);
    expect((await fetch(test.resource('echo'), { headers })).status).toBe(401);
    expect((await postToken(test, refreshForm(client, tokens.refresh_token))).body.error).toBe(
      'invalid_client',
    );
    expect((await manage(client, 'DELETE')).status).toBe(401);
  });

  it.each(['application/json', 'application/x-www-form-urlencoded', 'text/plain'])(
    'reads and deletes with the content type %s and no content',
    async (type) => {
      const client = await registerClient(test.origin);
      const headers = { authorization: `Bearer ${String(client.registration_access_token)}` };
      const ask = (method: string, body?: string) =>
        fetch(String(client.registration_client_uri), {
          method,
          headers: { ...headers, 'content-type': type },
          ...(body !== undefined && { body }),
        });
      expect((await ask('GET')).status).toBe(200);
      expect((await ask('PUT')).status).toBeGreaterThanOrEqual(400);
      expect((await ask('DELETE', type === 'text/plain' ? 'no JSON' : undefined)).status).toBe(204);
      expect(await test.store.getClient(client.client_id)).toBeUndefined();
    },
  );

  it('does not bring a client back that was deleted during the update', async () => {
    const client = await registerClient(test.origin);
    const { store } = test.auth.context;
    const swapClient = store.swapClient.bind(store);
    store.swapClient = async (read, next) => {
      await store.deleteClient(read.id);
      return swapClient(read, next);
    };
    try {
      expect((await manage(client, 'PUT', { body: update(client) })).status).toBe(401);
    } finally {
      store.swapClient = swapClient;
    }
    expect(await test.store.getClient(client.client_id)).toBeUndefined();
  });

  it('can be called from a page of another origin', async () => {
    const client = await registerClient(test.origin);
    const response = await fetch(String(client.registration_client_uri), {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example.com', 'access-control-request-method': 'DELETE' },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-methods')).toBe('GET, PUT, DELETE, OPTIONS');
    expect(response.headers.get('access-control-allow-headers')).toContain('Authorization');
  });
});

describe('an initial access token (RFC 7591 §3)', () => {
  it('is needed to register, where there is one', async () => {
    const registrationToken = 'initial-access-token-0123456789';
    const closed = await startTestAuth({ settings: { registrationToken } });
    try {
      const register = (authorization?: string) =>
        fetch(`${closed.origin}/register`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
          body: JSON.stringify(clientMetadata()),
        });
      for (const authorization of [
        undefined,
        'Bearer wrong',
        `Basic ${registrationToken}`,
        `Bearer ${registrationToken}x`,
      ]) {
        const response = await register(authorization);
        expect([authorization, response.status]).toEqual([authorization, 401]);
        expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm="mcpgw"/);
      }
      expect(await closed.store.listClients()).toEqual([]);
      expect((await register(`Bearer ${registrationToken}`)).status).toBe(201);
      expect(JSON.stringify(closed.logs)).not.toContain(registrationToken);
    } finally {
      await closed.close();
    }
  });
});
