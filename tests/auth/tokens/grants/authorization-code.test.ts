import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  authorize,
  codeForm,
  decodeJwt,
  makePkce,
  postToken,
  refreshForm,
  registerClient,
  signIn,
} from '../../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../../helpers/oauth-server.ts';

let test: TestAuth;
const started: TestAuth[] = [];
beforeEach(async () => {
  test = await startTestAuth();
  started.push(test);
});
afterAll(async () => {
  for (const each of started) await each.close();
});

const refused = { status: 400, body: { error: 'invalid_grant' } };

describe('invariant 2: a code', () => {
  it('belongs to one client, redirect URI and challenge, and is not used up by others', async () => {
    const flow = await authorize(test);
    const other = await registerClient(test.origin);
    for (const change of [
      { client_id: other.client_id },
      { redirect_uri: 'http://127.0.0.1:33418/other' },
      { redirect_uri: 'http://127.0.0.1:33419/callback' },
      { redirect_uri: undefined },
      { code_verifier: makePkce().verifier },
      { code_verifier: flow.pkce.challenge },
      { code_verifier: 'short' },
      { code: `${flow.answer.get('code') ?? ''}x` },
      { code: (flow.answer.get('code') ?? '').split('.')[0] },
      { code: `${(flow.answer.get('code') ?? '').split('.')[0] ?? ''}.${'A'.repeat(43)}` },
      { code: 'unknown.code' },
    ]) {
      expect(await postToken(test, codeForm(flow, change))).toMatchObject(refused);
    }
    const without = await postToken(test, codeForm(flow, { code_verifier: undefined }));
    expect(without.body.error).toBe('invalid_request');
    expect((await postToken(test, codeForm(flow))).status).toBe(200);
  });

  it('lives 60 seconds', async () => {
    const flow = await authorize(test);
    test.clock.advance(59_999);
    expect((await postToken(test, codeForm(flow))).status).toBe(200);
    const late = await authorize(test);
    test.clock.advance(60_000);
    expect(await postToken(test, codeForm(late))).toMatchObject(refused);
  });

  it('works once; a second use revokes what the first one issued', async () => {
    const flow = await signIn(test);
    const authorization = `Bearer ${flow.tokens.access_token}`;
    expect((await test.auth.verify({ service: 'echo', authorization })).status).toBe(200);
    test.clock.advance(300_000);
    expect(await postToken(test, codeForm(flow))).toMatchObject(refused);
    expect((await test.auth.verify({ service: 'echo', authorization })).status).toBe(401);
    expect(await postToken(test, refreshForm(flow.client, flow.tokens.refresh_token))).toMatchObject(refused);
    expect(test.logs.some(({ event }) => event === 'code_replayed')).toBe(true);
  });

  it.each([
    ['the verifier', () => ({ code_verifier: makePkce().verifier })],
    ['any verifier', () => ({ code_verifier: undefined })],
    ['the redirect URI', () => ({ redirect_uri: 'http://127.0.0.1:33418/other' })],
    ['a resource of it', () => ({ resource: 'https://other.example/' })],
    ['the client', async () => ({ client_id: (await registerClient(test.origin)).client_id })],
  ])('used a second time by somebody who lacks %s revokes all the same', async (_what, change) => {
    const flow = await signIn(test);
    const authorization = `Bearer ${flow.tokens.access_token}`;
    for (let count = 0; count < 2; count++)
      expect(await postToken(test, codeForm(flow, await change()))).toMatchObject(refused);
    expect((await test.auth.verify({ service: 'echo', authorization })).status).toBe(401);
    expect(await postToken(test, refreshForm(flow.client, flow.tokens.refresh_token))).toMatchObject(refused);
    expect(test.logs.filter(({ event }) => event === 'code_replayed')).toHaveLength(1);
  });

  it('guessed after it was used revokes nothing', async () => {
    const flow = await signIn(test);
    const [grantId = ''] = (flow.answer.get('code') ?? '').split('.');
    expect(await postToken(test, codeForm(flow, { code: `${grantId}.${'A'.repeat(43)}` }))).toMatchObject(
      refused,
    );
    expect((await postToken(test, refreshForm(flow.client, flow.tokens.refresh_token))).status).toBe(200);
  });

  it('used twice at once lets one win, and revokes', async () => {
    const flow = await authorize(test);
    const answers = await Promise.all([1, 2, 3, 4].map(() => postToken(test, codeForm(flow))));
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    const authorization = `Bearer ${winners[0]?.body.access_token ?? ''}`;
    expect((await test.auth.verify({ service: 'echo', authorization })).status).toBe(401);
  });

  it('is kept as a hash only, as is the handle of the request', async () => {
    const flow = await authorize(test);
    const code = flow.answer.get('code') ?? '';
    const grant = await test.store.getGrant(code.split('.')[0] ?? '');
    expect(grant).toBeDefined();
    expect(JSON.stringify(grant)).not.toContain(code.split('.')[1]);
  });

  it('issues nothing for a client or person that was ended meanwhile', async () => {
    const flow = await authorize(test);
    test.clock.advance(1);
    await test.store.revokeUser('local:alice', test.clock.now());
    expect(await postToken(test, codeForm(flow))).toMatchObject(refused);
    const removed = await authorize(test);
    await test.store.deleteClient(removed.client.client_id);
    expect(await postToken(test, codeForm(removed))).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
  });
});

describe('invariant 5: resources of a code', () => {
  it('narrow the access token, and never widen it', async () => {
    const scope = 'mcp:echo mcp:fetch';
    const flow = await authorize(test, { authorize: { resource: undefined, scope } });
    const form = codeForm(flow);
    expect(await postToken(test, { ...form, resource: 'https://other.example/' })).toMatchObject({
      body: { error: 'invalid_target' },
    });
    const answer = await postToken(test, { ...form, resource: `${test.resource('fetch')}/` });
    expect(decodeJwt(answer.body.access_token).aud).toBe(test.resource('fetch'));
    const refreshed = await postToken(test, refreshForm(flow.client, answer.body.refresh_token));
    expect(decodeJwt(refreshed.body.access_token).aud).toEqual([
      test.resource('echo'),
      test.resource('fetch'),
    ]);
    const one = await authorize(test);
    const wider = await postToken(test, codeForm(one, { resource: test.resource('fetch') }));
    expect(wider.body.error).toBe('invalid_target');
  });
});
