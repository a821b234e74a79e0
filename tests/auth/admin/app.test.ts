import { describe, expect, it } from 'vitest';
import { callAdmin } from '../../../runtime/auth/admin/call.ts';
import { signAdminToken } from '../../../runtime/auth/admin/token.ts';
import {
  basicAuth,
  clientMetadata,
  postToken,
  registerClient,
  signIn,
  type RegisteredClient,
} from '../../helpers/oauth-flow.ts';
import { ROOT_SECRET } from '../../helpers/oauth-server.ts';
import { createClientSites } from '../../helpers/client-site.ts';
import { startTestAdmin } from './support.ts';

describe('the admin API', () => {
  it('refuses every request without an admin token', async () => {
    const { origin, test, issue } = await startTestAdmin();
    const { tokens } = await issue('echo');
    const expired = await signAdminToken(ROOT_SECRET, test.clock.now() - 61_000);
    const forged = await signAdminToken('another-root-secret-0123456789-0123456789', test.clock.now());
    for (const authorization of [
      undefined,
      `Bearer ${expired}`,
      `Bearer ${forged}`,
      `Bearer ${tokens.echo}`,
    ]) {
      for (const path of ['/store', '/clients', '/clients/x', '/health-tokens', '/nothing']) {
        const headers = authorization === undefined ? {} : { authorization };
        const response = await fetch(origin + path, { headers });
        expect([path, response.status]).toEqual([path, 401]);
        expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
        expect(await response.json()).toMatchObject({ error: 'invalid_token' });
      }
    }
  });

  it('is not reachable through the edge', async () => {
    const { test } = await startTestAdmin();
    const authorization = `Bearer ${await signAdminToken(ROOT_SECRET, test.clock.now())}`;
    for (const path of ['/store', '/clients', '/health-tokens', '/admin', '/admin/clients']) {
      expect((await fetch(test.origin + path, { headers: { authorization } })).status).toBe(404);
    }
    // Nor is it among what auth itself serves, whoever may reach that.
    for (const url of ['/store', '/clients', '/health-tokens']) {
      expect((await test.auth.app.inject({ url, headers: { authorization } })).statusCode).toBe(404);
    }
  });

  it('takes no admin token for an access token', async () => {
    const { test, use } = await startTestAdmin();
    expect(await use('echo', await signAdminToken(ROOT_SECRET, test.clock.now()))).toBe(401);
  });

  it('registers a client as the operator: no sign-in is waited for, and client_credentials is for it alone', async () => {
    const { test, origin } = await startTestAdmin({
      settings: {
        clientCredentials: true,
        clientLifetimeSeconds: 0,
        rateLimits: { registrations: { burst: 1, perSecond: 1 } },
      },
    });
    const metadata = clientMetadata({
      grant_types: ['authorization_code', 'client_credentials'],
      token_endpoint_auth_method: 'client_secret_basic',
    });
    // With this, a stranger's limit is reached.
    const stranger = await registerClient(test.origin, metadata);
    const response = await fetch(`${origin}/clients`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await signAdminToken(ROOT_SECRET, test.clock.now())}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(metadata),
    });
    expect(response.status).toBe(201);
    const client = (await response.json()) as RegisteredClient;
    expect(client.grant_types).toEqual(['authorization_code', 'client_credentials']);
    const ask = async ({ client_id, client_secret = '' }: RegisteredClient) => {
      const form = { grant_type: 'client_credentials' };
      const answer = await postToken(test, form, basicAuth(client_id, client_secret));
      return answer.body.error ?? answer.status;
    };
    expect(await ask(client)).toBe(200);
    expect(await ask(stranger)).toBe('unauthorized_client');
    expect(client.client_secret).toMatch(/^[\w-]{43}$/);
    test.clock.advance(40 * 86_400_000);
    expect(await test.store.getClient(client.client_id)).toMatchObject({ byOperator: true });
  });

  it('lists and shows clients without anything that opens a door', async () => {
    const { test, call, issue } = await startTestAdmin();
    const open = await registerClient(test.origin, { client_name: 'Open' });
    test.clock.advance(1_000);
    const closed = await registerClient(test.origin, {
      client_name: 'Closed',
      token_endpoint_auth_method: 'client_secret_basic',
    });
    await issue('echo');
    const { status, body } = await call('list');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      clients: [
        { client_id: closed.client_id, has_secret: true, metadata: { client_name: 'Closed' } },
        { client_id: open.client_id, has_secret: false, metadata: { client_name: 'Open' } },
      ],
    });
    expect(JSON.stringify(body)).not.toMatch(/hash/i);
    expect(await call('show', open.client_id)).toMatchObject({
      status: 200,
      body: {
        client_id: open.client_id,
        registered_at: expect.stringMatching(/Z$/),
        expires_at: expect.any(String),
      },
    });
    expect(await call('show', 'unknown')).toMatchObject({ status: 404 });
  });

  it('deletes a client, and with it its tokens', async () => {
    const { test, call, use } = await startTestAdmin();
    const { client, tokens } = await signIn(test);
    expect(await use('echo', tokens.access_token)).toBe(200);
    expect(await call('delete', client.client_id)).toMatchObject({ status: 200 });
    test.clock.advance(1_000);
    expect(await use('echo', tokens.access_token)).toBe(401);
    expect(await call('delete', client.client_id)).toMatchObject({ status: 404 });
    expect(test.logs.filter(({ event }) => event === 'client_deleted')).toMatchObject([
      { client: client.client_id },
    ]);
  });

  it('shows what is known of a client that is a URL, and ends what it had', async () => {
    const id = 'https://client.example/metadata.json?a=b';
    const redirect = 'https://client.example/callback';
    const sites = createClientSites({
      [id]: { client_id: id, client_name: 'Of a URL', redirect_uris: [redirect] },
    });
    const { test, call, use } = await startTestAdmin({
      guardedFetch: sites.fetch,
      settings: { clientDocumentDomains: ['*'] },
    });
    expect(await call('show', id)).toMatchObject({ status: 404 });
    const { tokens } = await signIn(test, { client: { client_id: id, redirect_uris: [redirect] } });
    expect(await call('show', id)).toMatchObject({
      status: 200,
      body: {
        client_id: id,
        fetched_at: new Date(test.clock.now()).toISOString(),
        access_ended_at: null,
        metadata: { client_name: 'Of a URL', redirect_uris: [redirect], token_endpoint_auth_method: 'none' },
      },
    });
    expect(await use('echo', tokens.access_token)).toBe(200);
    const asked = sites.fetched.length;
    expect(await call('delete', id)).toMatchObject({ status: 200, body: { client_id: id } });
    test.clock.advance(1_000);
    expect(await use('echo', tokens.access_token)).toBe(401);
    expect(await call('show', id)).toMatchObject({ body: { access_ended_at: expect.stringMatching(/Z$/) } });
    expect(test.logs.filter(({ event }) => event === 'client_deleted')).toMatchObject([{ client: id }]);
    for (const other of ['https://client.example', 'https://client.example/a#b', 'https://10.0.0.1/a'])
      expect(await call('delete', other)).toMatchObject({ status: 404 });
    expect(sites.fetched).toHaveLength(asked);
  });

  it('says how long the store takes, and 503 when it does not answer', async () => {
    const { test, call } = await startTestAdmin();
    expect(await call('ping')).toMatchObject({ status: 200, body: { ms: expect.any(Number) } });
    test.store.down = true;
    expect(await call('ping')).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } });
    expect(await call('list')).toMatchObject({ status: 503 });
  });

  it.each([[[]], [['list', 'x']], [['show']], [['show', 'a', 'b']], [['issue']], [['drop', 'x']]])(
    'has no request for %j',
    async (words) => {
      const call = { origin: 'http://127.0.0.1:1', rootSecret: ROOT_SECRET, nowMs: 0 };
      await expect(callAdmin(words, call)).rejects.toThrow(/^usage/);
    },
  );
});
