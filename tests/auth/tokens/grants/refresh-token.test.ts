import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  decodeJwt,
  postToken,
  refreshForm,
  registerClient,
  signIn,
  type Flow,
  type Tokens,
} from '../../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../../helpers/oauth-server.ts';

let test: TestAuth;
let flow: Flow & { tokens: Tokens };
const started: TestAuth[] = [];
beforeEach(async () => {
  test = await startTestAuth();
  started.push(test);
  flow = await signIn(test);
});
afterAll(async () => {
  for (const each of started) await each.close();
});

const refused = { status: 400, body: { error: 'invalid_grant' } };
const refresh = (token: string | undefined, extra: Record<string, string | undefined> = {}) =>
  postToken(test, refreshForm(flow.client, token, extra));
const standing = async (tokens: Tokens | undefined) =>
  (await test.auth.verify({ service: 'echo', authorization: `Bearer ${tokens?.access_token ?? ''}` })).status;

describe('invariant 3: refresh tokens', () => {
  it('rotate', async () => {
    const first = await refresh(flow.tokens.refresh_token);
    expect(first.status).toBe(200);
    expect(first.body.refresh_token).not.toBe(flow.tokens.refresh_token);
    expect(first.body.access_token).not.toBe(flow.tokens.access_token);
    const second = await refresh(first.body.refresh_token);
    expect(second.status).toBe(200);
    expect(await standing(second.body)).toBe(200);
  });

  it('belong to one client', async () => {
    const other = await registerClient(test.origin);
    expect(await postToken(test, refreshForm(other, flow.tokens.refresh_token))).toMatchObject(refused);
    expect((await refresh(flow.tokens.refresh_token)).status).toBe(200);
  });

  it('give a retry the identical bytes within the grace, and mint nothing for it', async () => {
    const first = await refresh(flow.tokens.refresh_token);
    const second = await refresh(first.body.refresh_token);
    test.clock.advance(119_000);
    expect((await refresh(flow.tokens.refresh_token)).text).toBe(first.text);
    expect((await refresh(first.body.refresh_token)).text).toBe(second.text);
  });

  it('give it later too, while the successor was never used', async () => {
    const first = await refresh(flow.tokens.refresh_token);
    test.clock.advance(20 * 86_400_000);
    expect((await refresh(flow.tokens.refresh_token)).text).toBe(first.text);
    expect((await refresh(first.body.refresh_token)).status).toBe(200);
  });

  it('used again in any other way revoke the family', async () => {
    const first = await refresh(flow.tokens.refresh_token);
    const second = await refresh(first.body.refresh_token);
    test.clock.advance(121_000);
    expect(await refresh(flow.tokens.refresh_token)).toMatchObject(refused);
    expect(await standing(second.body)).toBe(401);
    expect(await refresh(second.body.refresh_token)).toMatchObject(refused);
    expect(test.logs.some(({ event }) => event === 'refresh_reused')).toBe(true);
  });

  it('of concurrent attempts one mints, and all get that very answer', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(flow.tokens.refresh_token)));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]?.status).toBe(200);
    expect(test.logs.filter(({ event }) => event === 'tokens_refreshed')).toHaveLength(1);
  });

  it('cannot be forged, and a forgery revokes nothing', async () => {
    const [id = '', generation = '', mac = ''] = (flow.tokens.refresh_token ?? '').split('.');
    for (const forged of [
      `${id}.2.${mac}`,
      `${id}.${generation}.${'A'.repeat(43)}`,
      `${id}.${generation}`,
      'x',
      `x${id}.1.${mac}`,
    ]) {
      expect(await refresh(forged)).toMatchObject(refused);
    }
    expect((await refresh(flow.tokens.refresh_token)).status).toBe(200);
  });

  it('end with their lifetime since the last use', async () => {
    const first = await refresh(flow.tokens.refresh_token);
    test.clock.advance(29 * 86_400_000);
    const second = await refresh(first.body.refresh_token);
    expect(second.status).toBe(200);
    test.clock.advance(30 * 86_400_000 + 1);
    expect(await refresh(second.body.refresh_token)).toMatchObject(refused);
  });

  it('keep scope and resource, take narrower ones for the access token, and no broader ones', async () => {
    flow = await signIn(test, {
      authorize: { resource: undefined, scope: 'mcp:echo mcp:fetch offline_access' },
    });
    const both = [test.resource('echo'), test.resource('fetch')];
    let answer = await refresh(flow.tokens.refresh_token);
    expect([answer.body.scope, decodeJwt(answer.body.access_token).aud]).toEqual([
      'mcp:echo mcp:fetch offline_access',
      both,
    ]);
    answer = await refresh(answer.body.refresh_token, {
      scope: 'mcp:fetch',
      resource: test.resource('fetch'),
    });
    expect([answer.body.scope, decodeJwt(answer.body.access_token).aud]).toEqual([
      'mcp:fetch',
      test.resource('fetch'),
    ]);
    answer = await refresh(answer.body.refresh_token, { scope: ' openid ' });
    expect([answer.body.scope, decodeJwt(answer.body.access_token).aud]).toEqual([
      'mcp:echo mcp:fetch offline_access',
      both,
    ]);
    expect((await refresh(answer.body.refresh_token, { scope: 'mcp:echo mcp:*' })).body.error).toBe(
      'invalid_scope',
    );
    flow = await signIn(test, { authorize: { scope: 'mcp:echo' } });
    expect((await refresh(flow.tokens.refresh_token, { scope: 'mcp:fetch' })).body.error).toBe(
      'invalid_scope',
    );
    expect((await refresh(flow.tokens.refresh_token, { resource: test.resource('fetch') })).body.error).toBe(
      'invalid_target',
    );
    expect((await refresh(flow.tokens.refresh_token, { resource: 'x' })).body.error).toBe('invalid_target');
    expect((await refresh(flow.tokens.refresh_token, { scope: 'mcp:echo offline_access' })).status).toBe(200);
  });

  it('check the standing of person, client and grant again', async () => {
    test.clock.advance(1);
    await test.store.revokeUser('local:alice', test.clock.now());
    expect(await refresh(flow.tokens.refresh_token)).toMatchObject(refused);
    flow = await signIn(test);
    await test.store.revokeGrant(String(decodeJwt(flow.tokens.access_token).gid));
    expect(await refresh(flow.tokens.refresh_token)).toMatchObject(refused);
    flow = await signIn(test);
    await test.store.deleteClient(flow.client.client_id);
    expect(await refresh(flow.tokens.refresh_token)).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
  });

  it('do not answer a retry either, once the person is out', async () => {
    await refresh(flow.tokens.refresh_token);
    test.clock.advance(1);
    await test.store.revokeUser('local:alice', test.clock.now());
    expect(await refresh(flow.tokens.refresh_token)).toMatchObject(refused);
  });

  it('are stored nowhere readable, nor are the answers', async () => {
    const rotate = vi.spyOn(test.store, 'rotateRefresh');
    const answer = await refresh(flow.tokens.refresh_token);
    expect(rotate).toHaveBeenCalledOnce();
    const grant = await test.store.getGrant(String(decodeJwt(flow.tokens.access_token).gid));
    const stored = JSON.stringify([grant, rotate.mock.calls]);
    for (const secret of [
      answer.body.access_token,
      answer.body.refresh_token ?? '',
      flow.tokens.refresh_token ?? '',
    ]) {
      expect(stored).not.toContain(secret.split('.')[2]);
    }
  });
});
