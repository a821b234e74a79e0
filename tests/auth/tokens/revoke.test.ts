import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  basicAuth,
  postForm,
  postToken,
  refreshForm,
  registerClient,
  signIn,
  type Tokens,
} from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';
import { discoverServer } from '../../helpers/strict-client.ts';

let test: TestAuth;
beforeAll(async () => {
  test = await startTestAuth();
});
afterAll(() => test.close());

const revoke = (
  form: Record<string, string | undefined> | [string, string][],
  headers: Record<string, string> = {},
) => postForm(`${test.origin}/revoke`, form, headers);
const standing = async (tokens: Tokens) =>
  (await test.auth.verify({ service: 'echo', authorization: `Bearer ${tokens.access_token}` })).status;

describe('revocation (RFC 7009)', () => {
  it.each(['access_token', 'refresh_token'] as const)('ends all of the grant with its %s', async (kind) => {
    const { client, tokens } = await signIn(test);
    const refreshed = await postToken(test, refreshForm(client, tokens.refresh_token));
    const other = await signIn(test, { client });
    expect(await standing(tokens)).toBe(200);
    const answer = await revoke({ token: refreshed.body[kind], client_id: client.client_id });
    expect([answer.status, answer.text, answer.headers.get('cache-control')]).toEqual([200, '', 'no-store']);
    test.clock.advance(1_000);
    expect(await standing(tokens)).toBe(401);
    expect(await standing(refreshed.body)).toBe(401);
    const refused = await postToken(test, refreshForm(client, refreshed.body.refresh_token));
    expect(refused.body.error).toBe('invalid_grant');
    // What the person agreed to another time is another matter.
    expect(await standing(other.tokens)).toBe(200);
    expect((await postToken(test, refreshForm(client, other.tokens.refresh_token))).status).toBe(200);
  });

  it('takes a token whatever the hint says, an old refresh token and an expired access token too', async () => {
    for (const hint of ['access_token', 'refresh_token', 'made-up']) {
      const { client, tokens } = await signIn(test);
      const { client_id } = client;
      const answer = await revoke({ token: tokens.refresh_token, token_type_hint: hint, client_id });
      expect(answer.status).toBe(200);
      test.clock.advance(1_000);
      expect(await standing(tokens)).toBe(401);
    }
    for (const kind of ['access_token', 'refresh_token'] as const) {
      const { client, tokens } = await signIn(test);
      const next = await postToken(test, refreshForm(client, tokens.refresh_token));
      test.clock.advance(3_600_000);
      expect((await revoke({ token: tokens[kind], client_id: client.client_id })).status).toBe(200);
      const refused = await postToken(test, refreshForm(client, next.body.refresh_token));
      expect(refused.body.error).toBe('invalid_grant');
    }
  });

  it('answers 200 without effect for what is no token', async () => {
    const { client, tokens } = await signIn(test);
    const { access_token, refresh_token = '' } = tokens;
    const forged = refresh_token.replace(/.{8}$/, 'AAAAAAAA');
    for (const token of ['x', 'a.b.c', forged, `${access_token.slice(0, -8)}AAAAAAAA`]) {
      const answer = await revoke({ token, client_id: client.client_id });
      expect([answer.status, answer.text]).toEqual([200, '']);
    }
    test.clock.advance(1_000);
    expect(await standing(tokens)).toBe(200);
  });

  it('refuses a token of another client, says so, and leaves it as it is', async () => {
    const { client, tokens } = await signIn(test);
    const { access_token, refresh_token = '' } = tokens;
    const open = await registerClient(test.origin);
    const closed = await registerClient(test.origin, { token_endpoint_auth_method: 'client_secret_basic' });
    for (const token of [access_token, refresh_token]) {
      for (const answer of [
        await revoke({ token, client_id: open.client_id }),
        await revoke({ token }, basicAuth(closed.client_id, closed.client_secret ?? '')),
      ]) {
        expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
        expect(answer.headers.get('cache-control')).toBe('no-store');
      }
    }
    test.clock.advance(1_000);
    expect(await standing(tokens)).toBe(200);
    expect((await postToken(test, refreshForm(client, refresh_token))).status).toBe(200);
  });

  it('is what a strict client takes', async () => {
    const { client, tokens } = await signIn(test);
    const options = { [oauth.allowInsecureRequests]: true };
    const server = await discoverServer(test.origin, options);
    const { client_id } = client;
    const answer = await oauth.revocationRequest(
      server,
      { client_id },
      oauth.None(),
      tokens.access_token,
      options,
    );
    await oauth.processRevocationResponse(answer);
    test.clock.advance(1_000);
    expect(await standing(tokens)).toBe(401);
  });
});

describe('invariant 8: revocation authenticates the caller', () => {
  it('refuses a confidential client without its secret', async () => {
    const client = await registerClient(test.origin, { token_endpoint_auth_method: 'client_secret_basic' });
    const { tokens } = await signIn(test, { client });
    const { client_id, client_secret = '' } = client;
    const token = tokens.access_token;
    const wrong: [Record<string, string>, Record<string, string>][] = [
      [{ token }, {}],
      [{ token, client_id }, {}],
      [{ token, client_id, client_secret: 'wrong' }, {}],
      [{ token }, basicAuth(client_id, 'wrong')],
      [{ token }, basicAuth('echo', client_secret)],
    ];
    for (const [form, headers] of wrong) {
      const answer = await revoke(form, headers);
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
    }
    test.clock.advance(1_000);
    expect(await standing(tokens)).toBe(200);
    expect((await revoke({ token }, basicAuth(client_id, client_secret))).status).toBe(200);
    test.clock.advance(1_000);
    expect(await standing(tokens)).toBe(401);
  });

  it('wants exactly one token, and ends nothing with the store down', async () => {
    const { client, tokens } = await signIn(test);
    const { client_id } = client;
    for (const form of [
      [['client_id', client_id]],
      [
        ['client_id', client_id],
        ['token', 'a'],
        ['token', 'b'],
      ],
    ] as [string, string][][]) {
      const answer = await revoke(form);
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
    }
    test.store.down = true;
    const down = await revoke({ token: tokens.access_token, client_id });
    test.store.down = false;
    // RFC 7009 §2.2.1: 503, after which "the client must assume the token still exists".
    expect([down.status, down.headers.get('retry-after')]).toEqual([503, '5']);
  });

  it('a browser-based client may call it', async () => {
    const answer = await fetch(`${test.origin}/revoke`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
    });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-allow-methods')).toBe('POST, OPTIONS');
  });
});
