import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerClient } from '../../../../runtime/auth/clients/register.ts';
import { createPolicy, OPEN_POLICY } from '../../../../runtime/policy/policy.ts';
import {
  basicAuth,
  decodeJwt,
  postForm,
  postToken,
  registerClient as registerAsStranger,
  type RegisteredClient,
} from '../../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../../helpers/oauth-server.ts';
import { discoverServer } from '../../../helpers/strict-client.ts';

let test: TestAuth;
let off: TestAuth;
beforeAll(async () => {
  test = await startTestAuth({ settings: { clientCredentials: true } });
  off = await startTestAuth({ store: test.store, clock: test.clock });
});
afterAll(async () => {
  await test.close();
  await off.close();
});

const metadata = (extra: Record<string, unknown> = {}) => ({
  client_name: 'Nightly job',
  redirect_uris: [],
  grant_types: ['client_credentials', 'refresh_token'],
  scope: 'mcp:echo',
  ...extra,
});
const byOperator = async (extra: Record<string, unknown> = {}): Promise<RegisteredClient> =>
  (await registerClient(test.auth.context, metadata(extra), true)) as unknown as RegisteredClient;
const ask = (client: RegisteredClient, form: Record<string, string> = {}, at = test) =>
  postToken(
    at,
    { grant_type: 'client_credentials', ...form },
    basicAuth(client.client_id, client.client_secret ?? ''),
  );
const verify = (token: string, service = 'echo', at = test) =>
  at.auth.verify({ service, authorization: `Bearer ${token}` });

describe('client credentials (RFC 6749 §4.4)', () => {
  it('gives a client of the operator a token for itself, and no refresh token', async () => {
    const client = await byOperator();
    const answer = await ask(client);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'mcp:echo' });
    expect(answer.body).not.toHaveProperty('refresh_token');
    const sub = `client:${client.client_id}`;
    expect(decodeJwt(answer.body.access_token)).toMatchObject({
      sub,
      client_id: client.client_id,
      aud: test.resource('echo'),
      name: 'Nightly job',
    });
    expect(await verify(answer.body.access_token)).toMatchObject({
      status: 200,
      headers: { 'x-user-id': sub, 'x-user-name': 'Nightly job', 'x-client-id': client.client_id },
    });
  });

  it('gives no more than the operator registered, and less where less is asked for', async () => {
    const client = await byOperator({ scope: 'mcp:echo' });
    expect((await ask(client, { scope: 'mcp:fetch' })).body.error).toBe('invalid_scope');
    expect((await ask(client, { scope: 'mcp:*' })).body.error).toBe('invalid_scope');
    expect((await ask(client, { resource: test.resource('fetch') })).body.error).toBe('invalid_target');
    expect((await ask(client, { resource: 'https://elsewhere.example/' })).body.error).toBe('invalid_target');
    const both = await byOperator({ scope: 'mcp:*' });
    const all = await ask(both);
    expect(decodeJwt(all.body.access_token).aud).toEqual([test.resource('echo'), test.resource('fetch')]);
    const one = await ask(both, { scope: 'mcp:fetch', resource: test.resource('fetch') });
    expect(one.body.scope).toBe('mcp:fetch');
    expect((await verify(one.body.access_token, 'echo')).status).toBe(401);
  });

  it('lets a client neither widen what the operator registered nor take another name', async () => {
    const client = await byOperator();
    const url = String(client.registration_client_uri);
    const headers = { authorization: `Bearer ${String(client.registration_access_token)}` };
    const before = await (await fetch(url, { headers })).text();
    for (const extra of [{ scope: 'mcp:*' }, { client_name: 'alice' }]) {
      const answer = await fetch(url, {
        method: 'PUT',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ client_id: client.client_id, ...metadata(extra) }),
      });
      expect(answer.status).toBe(403);
    }
    expect(await (await fetch(url, { headers })).text()).toBe(before);
  });

  it('is for clients of the operator alone, and only for those that authenticate', async () => {
    const stranger = await registerAsStranger(test.origin, {
      ...metadata({ grant_types: ['client_credentials', 'authorization_code'] }),
      redirect_uris: ['https://app.example/cb'],
      token_endpoint_auth_method: 'client_secret_basic',
    });
    expect(stranger.grant_types).toEqual(['authorization_code']);
    expect((await ask(stranger)).body.error).toBe('unauthorized_client');
    const record = await test.store.getClient(stranger.client_id);
    if (record === undefined) throw new Error('no client');
    record.metadata.grant_types.push('client_credentials');
    await test.store.putClient(record);
    expect((await ask(stranger)).body.error).toBe('unauthorized_client');
    await expect(byOperator({ token_endpoint_auth_method: 'none' })).rejects.toMatchObject({
      code: 'invalid_client_metadata',
    });
    const client = await byOperator();
    const wrong = await postToken(
      test,
      { grant_type: 'client_credentials' },
      basicAuth(client.client_id, 'x'),
    );
    expect([wrong.status, wrong.body.error]).toEqual([401, 'invalid_client']);
  });

  it('is off by default: no such grant, no metadata of it, no token of it stands', async () => {
    const client = await byOperator();
    const { body } = await ask(client);
    expect((await ask(client, {}, off)).body.error).toBe('unsupported_grant_type');
    const discovered = await (await fetch(`${off.origin}/.well-known/oauth-authorization-server`)).text();
    expect(discovered).not.toContain('client_credentials');
    await expect(registerClient(off.auth.context, metadata(), true)).rejects.toThrow(
      /CLIENT_CREDENTIALS=true/,
    );
    const same = await startTestAuth({
      store: test.store,
      clock: test.clock,
      settings: { topology: test.settings.topology },
    });
    expect((await verify(body.access_token, 'echo', same)).status).toBe(401);
    await same.close();
  });

  it('is called by the operator what a person is called, and gets nothing of theirs by it', async () => {
    const client = await byOperator({ client_name: 'alice' });
    const { body } = await ask(client);
    const { identityProviders } = test.settings;
    const allow = (users: string[]) =>
      test.auth.setAccess({ identityProviders, policy: createPolicy({ allowed: { echo: { users } } }) });
    allow(['alice']);
    expect(await verify(body.access_token)).toMatchObject({ status: 403, body: { error: 'access_denied' } });
    expect((await ask(client)).body.error).toBe('invalid_grant');
    allow(['alice', `client:${client.client_id}`]);
    expect((await verify(body.access_token)).status).toBe(200);
    expect((await ask(client)).status).toBe(200);
    test.auth.setAccess({ identityProviders, policy: OPEN_POLICY });
  });

  it('ends with the client, by revocation, and when the user id is revoked', async () => {
    const deleted = await byOperator();
    const first = await ask(deleted);
    await test.store.deleteClient(deleted.client_id);
    expect((await verify(first.body.access_token)).status).toBe(401);
    const revoking = await byOperator();
    const second = await ask(revoking);
    const headers = basicAuth(revoking.client_id, revoking.client_secret ?? '');
    const introspected = await postForm(
      `${test.origin}/introspect`,
      { token: second.body.access_token },
      headers,
    );
    expect(introspected.body).toMatchObject({ active: true, sub: `client:${revoking.client_id}` });
    await postForm(`${test.origin}/revoke`, { token: second.body.access_token }, headers);
    expect((await verify(second.body.access_token)).status).toBe(401);
    const third = await ask(revoking);
    test.clock.advance(1);
    await test.store.revokeUser(`client:${revoking.client_id}`, test.clock.now());
    expect((await verify(third.body.access_token)).status).toBe(401);
    expect((await ask(revoking)).status).toBe(200);
  });

  it('is what a strict client takes', async () => {
    const client = await byOperator();
    const options = { [oauth.allowInsecureRequests]: true };
    const server = await discoverServer(test.origin, options);
    const known = { client_id: client.client_id };
    const answer = await oauth.clientCredentialsGrantRequest(
      server,
      known,
      oauth.ClientSecretBasic(client.client_secret ?? ''),
      { scope: 'mcp:echo' },
      options,
    );
    expect(await oauth.processClientCredentialsResponse(server, known, answer)).toMatchObject({
      token_type: 'bearer',
    });
  });
});
