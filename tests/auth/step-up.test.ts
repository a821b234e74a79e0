/**
 * More access, step by step: a token for several resources (RFC 8707) whose scope falls short at one of them, the
 * challenge that says so (RFC 6750 §3.1), and the authorization that mends it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authorize,
  authorizeParameters,
  authorizeUrl,
  codeForm,
  decodeJwt,
  makePkce,
  newPerson,
  postToken,
  refreshForm,
  registerClient,
  signIn,
  type Flow,
} from '../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../helpers/oauth-server.ts';

let test: TestAuth;
let both: [string, string];
beforeAll(async () => {
  test = await startTestAuth();
  both = [test.resource('echo'), test.resource('fetch')];
});
afterAll(() => test.close());

/** Asks for both resources, with `resource` twice, as RFC 8707 §2 has it. */
async function authorizeBoth(scope: string): Promise<Flow> {
  const client = await registerClient(test.origin);
  const pkce = makePkce();
  const person = newPerson();
  const [first, second] = both;
  const query = authorizeUrl(test.origin, {
    ...authorizeParameters(test, client, pkce),
    resource: first,
    scope,
  });
  const page = await person.visit(`${query}&resource=${encodeURIComponent(second)}`);
  const end = await person.press(await person.press(page, { decision: 'allow:local' }), {});
  const answer = new URL(end.url).searchParams;
  return { client, person, pkce, redirectUri: client.redirect_uris[0] ?? '', end, answer };
}

const call = (service: string, token: string) =>
  fetch(test.resource(service), { method: 'POST', headers: { authorization: `Bearer ${token}` } });
const aboutOf = (token: string) => ({ aud: decodeJwt(token).aud, scope: decodeJwt(token).scope });

describe('a token whose scope falls short of one of its resources', () => {
  it('opens the one, and learns from the other which scope it lacks', async () => {
    const flow = await authorizeBoth('mcp:echo');
    const { body } = await postToken(test, codeForm(flow));
    expect(aboutOf(body.access_token)).toEqual({ aud: both, scope: 'mcp:echo' });
    expect((await call('echo', body.access_token)).status).toBe(200);
    const refused = await call('fetch', body.access_token);
    expect([refused.status, await refused.json()]).toEqual([
      403,
      expect.objectContaining({ error: 'insufficient_scope' }),
    ]);
    const challenge = refused.headers.get('www-authenticate') ?? '';
    expect(challenge).toMatch(/^Bearer error="insufficient_scope", error_description="[^"]+", /);

    // A client takes the challenge at its word.
    const [, metadataUrl = ''] = /resource_metadata="([^"]+)"/.exec(challenge) ?? [];
    const [, scope = ''] = /(?:^|\s)scope="([^"]+)"/.exec(challenge) ?? [];
    expect(scope).toBe('mcp:fetch');
    const { resource } = (await (await fetch(metadataUrl)).json()) as { resource: string };
    const { client, person } = flow;
    const wider = await signIn(test, { client, person, authorize: { resource, scope: `mcp:echo ${scope}` } });
    expect((await call('fetch', wider.tokens.access_token)).status).toBe(200);
    // The first one goes on as it was.
    expect((await call('echo', body.access_token)).status).toBe(200);
  });

  it('gets there for both at once when it asks for both scopes', async () => {
    const { body } = await postToken(test, codeForm(await authorizeBoth('mcp:echo mcp:fetch')));
    for (const service of ['echo', 'fetch'])
      expect((await call(service, body.access_token)).status).toBe(200);
  });

  it('is no way round a new authorization: a refresh widens nothing', async () => {
    const flow = await authorizeBoth('mcp:echo');
    const { body } = await postToken(test, codeForm(flow));
    for (const extra of [
      { scope: 'mcp:fetch' },
      { scope: 'mcp:echo mcp:fetch' },
      { scope: 'mcp:*' },
      { resource: both[1] },
      { resource: both[1], scope: 'mcp:echo' },
    ]) {
      const refused = await postToken(test, refreshForm(flow.client, body.refresh_token, extra));
      expect([refused.status, refused.body.error]).toEqual([400, 'invalid_scope']);
    }
    const kept = await postToken(test, refreshForm(flow.client, body.refresh_token));
    expect(aboutOf(kept.body.access_token)).toEqual({ aud: both, scope: 'mcp:echo' });
  });
});

describe('one grant for several resources (RFC 8707 §2.2)', () => {
  it('is narrowed at /token, each token to its resource and to the scope that means something there', async () => {
    const flow = await authorizeBoth('mcp:echo mcp:fetch offline_access');
    const first = await postToken(test, codeForm(flow, { resource: both[0] }));
    expect(first.body.scope).toBe('mcp:echo offline_access');
    expect(aboutOf(first.body.access_token)).toEqual({ aud: both[0], scope: 'mcp:echo offline_access' });
    expect((await call('fetch', first.body.access_token)).status).toBe(401);
    const second = await postToken(
      test,
      refreshForm(flow.client, first.body.refresh_token, { resource: both[1] }),
    );
    expect(aboutOf(second.body.access_token)).toEqual({ aud: both[1], scope: 'mcp:fetch offline_access' });
    expect((await call('fetch', second.body.access_token)).status).toBe(200);
    expect((await call('echo', second.body.access_token)).status).toBe(401);
    // Without `resource` the grant is as wide as it was agreed to.
    const third = await postToken(test, refreshForm(flow.client, second.body.refresh_token));
    expect(aboutOf(third.body.access_token)).toEqual({
      aud: both,
      scope: 'mcp:echo mcp:fetch offline_access',
    });
    const again: [string, string][] = Object.entries(
      refreshForm(flow.client, third.body.refresh_token),
    ).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]));
    const named = await postToken(test, [...again, ['resource', both[1]], ['resource', both[0]]]);
    expect(decodeJwt(named.body.access_token).aud).toEqual([both[1], both[0]]);
  });

  it('keeps mcp:* where it says so, for the resources of the grant alone', async () => {
    const flow = await authorize(test, { authorize: { scope: 'mcp:*' } });
    const { body } = await postToken(test, codeForm(flow, { resource: both[0] }));
    expect(aboutOf(body.access_token)).toEqual({ aud: both[0], scope: 'mcp:*' });
    expect((await call('fetch', body.access_token)).status).toBe(401);
    const wider = await postToken(test, refreshForm(flow.client, body.refresh_token, { resource: both[1] }));
    expect(wider.body.error).toBe('invalid_target');
  });
});
