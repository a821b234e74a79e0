import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { resourceSecret } from '../../../runtime/config/resource-secret.ts';
import { deriveKey } from '../../../runtime/config/secrets.ts';
import {
  basicAuth,
  postForm,
  postToken,
  refreshForm,
  registerClient,
  signIn,
  type Flow,
  type RegisteredClient,
  type Tokens,
} from '../../helpers/oauth-flow.ts';
import { ROOT_SECRET, startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';
import { discoverServer } from '../../helpers/strict-client.ts';

let test: TestAuth;
beforeAll(async () => {
  test = await startTestAuth();
});
afterAll(() => test.close());

let flow: Flow & { tokens: Tokens };
beforeEach(async () => {
  const client = await registerClient(test.origin, { token_endpoint_auth_method: 'client_secret_basic' });
  const resource = undefined;
  flow = await signIn(test, {
    client,
    authorize: { resource, scope: 'mcp:echo mcp:fetch offline_access' },
  });
});

const asClient = ({ client_id, client_secret = '' }: RegisteredClient) => basicAuth(client_id, client_secret);
const asService = (name: string, service = name) =>
  basicAuth(name, resourceSecret(deriveKey(ROOT_SECRET, `context:${service}`)));
const introspect = (token: string | undefined, headers: Record<string, string>, hint?: string) =>
  postForm(`${test.origin}/introspect`, { token, token_type_hint: hint }, headers);
const INACTIVE = '{"active":false}';

describe('introspection (RFC 7662)', () => {
  it('tells a client of its own access token', async () => {
    const answer = await introspect(flow.tokens.access_token, asClient(flow.client));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const nowSeconds = Math.floor(test.clock.now() / 1000);
    expect(answer.body).toEqual({
      active: true,
      scope: flow.tokens.scope,
      client_id: flow.client.client_id,
      username: 'alice',
      token_type: 'Bearer',
      exp: nowSeconds + 3600,
      iat: nowSeconds,
      sub: 'local:alice',
      aud: [test.resource('echo'), test.resource('fetch')],
      iss: test.origin,
      jti: expect.any(String) as string,
    });
  });

  it('tells a client of its own refresh token, which is active until it was used', async () => {
    const { refresh_token } = flow.tokens;
    const answer = await introspect(refresh_token, asClient(flow.client));
    expect(answer.body).toMatchObject({
      active: true,
      client_id: flow.client.client_id,
      sub: 'local:alice',
      exp: Math.floor(test.clock.now() / 1000) + 30 * 86_400,
    });
    const next = await postToken(test, refreshForm(flow.client, refresh_token));
    expect((await introspect(refresh_token, asClient(flow.client))).text).toBe(INACTIVE);
    expect((await introspect(next.body.refresh_token, asClient(flow.client))).body).toMatchObject({
      active: true,
    });
  });

  it('finds a token whatever the hint says', async () => {
    for (const hint of ['access_token', 'refresh_token', 'made-up', undefined]) {
      for (const token of [flow.tokens.access_token, flow.tokens.refresh_token])
        expect((await introspect(token, asClient(flow.client), hint)).body).toMatchObject({ active: true });
    }
  });

  it('tells a resource server of the access tokens for it, and only its own part of them', async () => {
    for (const name of ['echo', test.resource('echo')]) {
      const { body } = await introspect(flow.tokens.access_token, asService(name, 'echo'));
      expect(body).toMatchObject({
        active: true,
        scope: 'mcp:echo',
        aud: test.resource('echo'),
        sub: 'local:alice',
      });
    }
  });

  it('tells a resource server nothing of refresh tokens and of tokens for another one', async () => {
    const echoOnly = await signIn(test);
    expect((await introspect(echoOnly.tokens.access_token, asService('fetch'))).text).toBe(INACTIVE);
    expect((await introspect(flow.tokens.refresh_token, asService('echo'))).text).toBe(INACTIVE);
  });

  it('tells a client nothing of tokens of another one, and of none what ended them', async () => {
    const other = await registerClient(test.origin, { token_endpoint_auth_method: 'client_secret_post' });
    const { access_token, refresh_token } = flow.tokens;
    const tampered = `${access_token.slice(0, -8)}AAAAAAAA`;
    const forged = (refresh_token ?? '').replace(/.{8}$/, 'AAAAAAAA');
    for (const token of [access_token, refresh_token])
      expect((await introspect(token, asClient(other))).text).toBe(INACTIVE);
    for (const token of [tampered, forged, 'x', 'a.b.c', access_token.slice(1)])
      expect((await introspect(token, asClient(flow.client))).text).toBe(INACTIVE);
  });

  it('says that a token is not active once it has expired or was revoked', async () => {
    const { access_token, refresh_token = '' } = flow.tokens;
    const grantId = refresh_token.split('.')[0] ?? '';
    test.clock.advance(3600_000);
    expect((await introspect(access_token, asClient(flow.client))).text).toBe(INACTIVE);
    expect((await introspect(refresh_token, asClient(flow.client))).body).toMatchObject({ active: true });
    await test.store.revokeGrant(grantId);
    expect((await introspect(refresh_token, asClient(flow.client))).text).toBe(INACTIVE);
  });

  it('says so too when the person was revoked or is no longer allowed in', async () => {
    const { access_token } = flow.tokens;
    const strict = await startTestAuth({
      store: test.store,
      clock: test.clock,
      settings: { topology: test.settings.topology, identityProviders: [{ kind: 'local', userName: 'bob' }] },
    });
    try {
      const answer = await postForm(
        `http://localhost:${new URL(strict.origin).port}/introspect`,
        { token: access_token },
        asClient(flow.client),
      );
      expect(answer.text).toBe(INACTIVE);
    } finally {
      await strict.close();
    }
    test.clock.advance(1);
    await test.store.revokeUser('local:alice', test.clock.now());
    expect((await introspect(access_token, asClient(flow.client))).text).toBe(INACTIVE);
    test.clock.advance(1);
  });

  it('is what a strict client takes', async () => {
    const options = { [oauth.allowInsecureRequests]: true };
    const server = await discoverServer(test.origin, options);
    const client = { client_id: flow.client.client_id };
    const clientAuth = oauth.ClientSecretBasic(flow.client.client_secret ?? '');
    const answer = await oauth.introspectionRequest(
      server,
      client,
      clientAuth,
      flow.tokens.access_token,
      options,
    );
    expect(await oauth.processIntrospectionResponse(server, client, answer)).toMatchObject({ active: true });
  });
});

describe('invariant 8: introspection authenticates the caller', () => {
  it('refuses whoever does not authenticate, a public client too', async () => {
    const open = await registerClient(test.origin);
    const { tokens } = await signIn(test, { client: open });
    const token = tokens.access_token;
    const wrong: [Record<string, string>, Record<string, string>][] = [
      [{ token }, {}],
      [{ token, client_id: open.client_id }, {}],
      [{ token, client_id: flow.client.client_id }, {}],
      [{ token, client_id: 'echo' }, {}],
      [{ token }, basicAuth(flow.client.client_id, 'wrong')],
      [{ token }, basicAuth('echo', 'wrong')],
      [{ token }, basicAuth('echo', '')],
      [{ token }, asService('echo', 'fetch')],
      [{ token }, asService(test.resource('echo'), 'fetch')],
      [{ token }, asService('unknown')],
      [{ token }, { authorization: `Bearer ${token}` }],
    ];
    for (const [form, headers] of wrong) {
      const answer = await postForm(`${test.origin}/introspect`, form, headers);
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });

  it('wants exactly one token', async () => {
    const headers = asClient(flow.client);
    const { access_token } = flow.tokens;
    const faults: [string, string][][] = [
      [],
      [['token', '']],
      [
        ['token', access_token],
        ['token', access_token],
      ],
      [
        ['token', access_token],
        ['token_type_hint', 'access_token'],
        ['token_type_hint', 'access_token'],
      ],
    ];
    for (const form of faults) {
      const answer = await postForm(`${test.origin}/introspect`, form, headers);
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
    }
    const query = `${test.origin}/introspect?token=${access_token}`;
    expect((await fetch(query, { headers })).status).toBe(405);
    expect((await postForm(query, {}, headers)).status).toBe(400);
  });

  it('writes no token and no secret into the log', () => {
    const written = JSON.stringify(test.logs);
    for (const secret of [flow.tokens.access_token, flow.tokens.refresh_token, flow.client.client_secret])
      expect(written).not.toContain(secret);
  });
});
