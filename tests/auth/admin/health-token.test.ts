import { describe, expect, it, onTestFinished } from 'vitest';
import { HEALTH_USER_ID } from '../../../runtime/config/health-user.ts';
import { authorizeUrl, makePkce, postToken, signIn } from '../../helpers/oauth-flow.ts';
import { startGithubStandIn } from '../../helpers/github-stand-in.ts';
import { startTestAdmin } from './support.ts';

describe('health tokens', () => {
  it('pass to the one service that each is for', async () => {
    const { issue, use } = await startTestAdmin();
    const { tokens, expiresInSeconds } = await issue('echo', 'fetch');
    expect(expiresInSeconds).toBeLessThanOrEqual(60);
    expect(Object.keys(tokens)).toEqual(['echo', 'fetch']);
    expect(await use('echo', tokens.echo)).toBe(200);
    expect(await use('fetch', tokens.fetch)).toBe(200);
    expect(await use('fetch', tokens.echo)).toBe(401);
    expect(await use('echo', tokens.fetch)).toBe(401);
  });

  it('pass where nobody else is allowed in', async () => {
    const github = await startGithubStandIn({ id: 1, login: 'alice' });
    onTestFinished(() => github.close());
    const { issue, use } = await startTestAdmin({ github, allowedUsers: [] });
    const { tokens } = await issue('echo');
    expect(await use('echo', tokens.echo)).toBe(200);
  });

  it('tell the service who calls', async () => {
    const { test, issue } = await startTestAdmin();
    const { tokens } = await issue('echo');
    const response = await fetch(test.resource('echo'), {
      headers: { authorization: `Bearer ${tokens.echo}` },
    });
    expect(await response.json()).toMatchObject({ 'x-user-id': HEALTH_USER_ID });
  });

  it('end when they are told to', async () => {
    const { test, call, issue, use } = await startTestAdmin();
    const { id, tokens } = await issue('echo');
    expect(await use('echo', tokens.echo)).toBe(200);
    expect(await call('end', id)).toMatchObject({ status: 200 });
    // What a verifier knew already it believes for a second.
    test.clock.advance(1_000);
    expect(await use('echo', tokens.echo)).toBe(401);
    expect(await call('end', id)).toMatchObject({ status: 404 });
  });

  it('end at once for a verifier that has not seen them', async () => {
    const { call, issue, use } = await startTestAdmin();
    const { id, tokens } = await issue('echo');
    await call('end', id);
    expect(await use('echo', tokens.echo)).toBe(401);
  });

  it('end by themselves after a minute, and leave nothing in the store', async () => {
    const { test, issue, use } = await startTestAdmin();
    const { id, tokens } = await issue('echo');
    test.clock.advance(59_000);
    expect(await use('echo', tokens.echo)).toBe(200);
    test.clock.advance(1_000);
    expect(await use('echo', tokens.echo)).toBe(401);
    expect(await test.store.getGrant(id)).toBeUndefined();
    expect(await test.store.listClients()).toEqual([]);
  });

  it('are not issued for a service that is not there', async () => {
    const { call } = await startTestAdmin();
    expect(await call('issue', 'echo', 'nothing')).toMatchObject({
      status: 400,
      body: { error: 'invalid_target' },
    });
  });

  it('cannot end what a person has', async () => {
    const { test, call, use } = await startTestAdmin();
    const { tokens } = await signIn(test);
    const claims = JSON.parse(Buffer.from(tokens.access_token.split('.')[1] ?? '', 'base64url').toString());
    expect(await call('end', claims.gid)).toMatchObject({ status: 404 });
    expect(await use('echo', tokens.access_token)).toBe(200);
  });

  it('have a client that can do nothing else', async () => {
    const { test, call, issue } = await startTestAdmin();
    const { id } = await issue('echo');
    const clientId = `internal:${id}`;
    for (const grant_type of ['authorization_code', 'refresh_token', 'client_credentials']) {
      for (const client_secret of [undefined, '', 'x']) {
        const form = {
          grant_type,
          client_id: clientId,
          client_secret,
          code: `${id}.x`,
          refresh_token: `${id}.1.x`,
        };
        expect((await postToken(test, form)).status).toBe(401);
      }
    }
    const url = authorizeUrl(test.origin, {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: 'http://127.0.0.1/callback',
      code_challenge: makePkce().challenge,
      code_challenge_method: 'S256',
    });
    const page = await fetch(url, { redirect: 'manual' });
    expect(page.status).toBe(400);
    // Without a redirect URI of its own to fall back to, either.
    expect((await fetch(url.replace(/&redirect_uri=[^&]*/, ''), { redirect: 'manual' })).status).toBe(400);
    expect(await call('show', clientId)).toMatchObject({ status: 404 });
    expect(await call('delete', clientId)).toMatchObject({ status: 404 });
  });

  it('are audited, and in no log', async () => {
    const { test, call, issue, use } = await startTestAdmin();
    const { id, tokens } = await issue('echo');
    await use('echo', tokens.echo);
    await use('fetch', tokens.echo);
    await call('end', id);
    const events = test.logs.map(({ event }) => event);
    expect(events).toContain('health_tokens_issued');
    expect(events).toContain('health_tokens_ended');
    expect(JSON.stringify(test.logs)).not.toContain('eyJ');
  });
});
