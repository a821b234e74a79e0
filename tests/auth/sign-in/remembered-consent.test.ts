import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startGithubStandIn } from '../../helpers/github-stand-in.ts';
import {
  authorize,
  codeForm,
  newPerson,
  openConsent,
  postToken,
  registerClient,
  REDIRECT_URI,
  type Person,
  type RegisteredClient,
} from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

const WEB = 'https://app.example/cb';
const LOCALHOST = 'http://localhost/cb';

let test: TestAuth;
let client: RegisteredClient;
let person: Person;
beforeEach(async () => {
  test = await startTestAuth({ settings: { clientLifetimeSeconds: 0 } });
  client = await registerClient(test.origin, { redirect_uris: [WEB, 'https://app.example/other'] });
  person = newPerson([WEB, REDIRECT_URI, LOCALHOST, `${test.origin}/success`]);
  await authorize(test, { client, person });
});
afterEach(() => test.close());

/** @returns whether the person was asked, or the request went straight to the code */
async function isAsked(parameters: Record<string, string> = {}, other = client): Promise<boolean> {
  const { page } = await openConsent(test, { client: other, person, authorize: parameters });
  expect(/[?&]code=/.test(page.url)).toBe(!page.html.includes('action="/consent"'));
  return page.html.includes('action="/consent"');
}

describe('a person who agreed before', () => {
  it('is not asked the same again', async () => {
    const flow = await authorize(test, { client, person });
    expect(flow.end.html).toContain('Taking you to <code>app.example</code>');
    expect((await postToken(test, codeForm(flow))).status).toBe(200);
    expect(test.logs.findLast(({ event }) => event === 'consent_remembered')).toMatchObject({
      client: client.client_id,
      user: 'local:alice',
      resources: [test.resource('echo')],
    });
  });

  it.each([
    ['another resource', { resource: 'fetch' }],
    ['another redirect URI of the client', { redirect_uri: 'https://app.example/other' }],
    ['a wider scope', { scope: 'mcp:*' }],
    ['prompt=consent', { prompt: 'consent' }],
    ['prompt=login', { prompt: 'login' }],
  ])('is asked for %s', async (_name, parameters: Record<string, string>) => {
    const { resource } = parameters;
    expect(await isAsked(resource ? { resource: test.resource(resource) } : parameters)).toBe(true);
  });

  it('is asked for another resource also where the scope that they agreed to covers it', async () => {
    const all = { scope: 'mcp:*' };
    await authorize(test, { client, person, authorize: all });
    expect(await isAsked(all)).toBe(false);
    expect(await isAsked({ ...all, resource: test.resource('fetch') })).toBe(true);
  });

  it('does not answer for another person in the same browser', async () => {
    const github = await startGithubStandIn({ id: 1, login: 'alice' });
    const shared = await startTestAuth({ github, allowedUsers: ['alice', 'bob'] });
    try {
      const app = await registerClient(shared.origin, { redirect_uris: [WEB] });
      await authorize(shared, { client: app, person });
      expect((await openConsent(shared, { client: app, person })).page.url).toContain('code=');
      github.account = { id: 2, login: 'bob' };
      const other = await registerClient(shared.origin, { redirect_uris: ['https://other.example/cb'] });
      const { person: same } = await authorize(shared, {
        client: other,
        person,
        authorize: { prompt: 'login' },
      });
      const { page } = await openConsent(shared, { client: app, person: same });
      expect([page.html.includes('action="/consent"'), page.html.includes('bob')]).toEqual([true, true]);
    } finally {
      await shared.close();
      await github.close();
    }
  });

  it('is asked for another client at the same address', async () => {
    const other = await registerClient(test.origin, { redirect_uris: [WEB] });
    expect(await isAsked({}, other)).toBe(true);
  });

  it('is not asked for a part of what was agreed to, in one step or several', async () => {
    await authorize(test, { client, person, authorize: { resource: test.resource('fetch') } });
    expect(await isAsked()).toBe(false);
    const both = { resource: '', scope: 'mcp:echo mcp:fetch' };
    expect(await isAsked(both)).toBe(false);
    expect(await isAsked({ resource: test.resource('fetch'), scope: 'mcp:fetch' })).toBe(false);
  });

  it('is asked after 90 days', async () => {
    test.clock.advance(90 * 86_400_000 - 60_000);
    ({ person } = await authorize(test, {
      person,
      client: await registerClient(test.origin, { redirect_uris: ['https://other.example/cb'] }),
    }));
    test.clock.advance(60_001);
    expect(await isAsked()).toBe(true);
  });

  it('is asked without a session', async () => {
    test.clock.advance(1_800_001);
    expect(await isAsked()).toBe(true);
  });

  it('is asked again after they denied', async () => {
    const { page } = await openConsent(test, { client, person, authorize: { prompt: 'consent' } });
    await person.press(page, { decision: 'deny' });
    expect(await isAsked()).toBe(true);
  });

  it('is asked again after the user was revoked', async () => {
    await test.store.revokeUser('local:alice', test.clock.now());
    test.clock.advance(1);
    const other = await registerClient(test.origin, { redirect_uris: ['https://other.example/cb'] });
    ({ person } = await authorize(test, { client: other, person }));
    expect(await isAsked({}, other)).toBe(false);
    expect(await isAsked()).toBe(true);
  });

  it('is asked again after the client was revoked', async () => {
    await test.store.revokeClient(client.client_id, test.clock.now());
    expect(await isAsked()).toBe(true);
  });

  it('is not led anywhere for a client that was deleted', async () => {
    await test.store.deleteClient(client.client_id);
    const { page } = await openConsent(test, { client, person });
    expect([page.status, page.url.includes('code=')]).toEqual([400, false]);
  });
});

describe('who agreed to a client that anyone can impersonate (RFC 6749 §10.2)', () => {
  it.each([
    ['public, on loopback', { redirect_uris: [REDIRECT_URI] }],
    ['public, private-use scheme', { redirect_uris: ['com.example.app:/callback'] }],
    ['public, loopback beside https', { redirect_uris: [LOCALHOST, WEB] }],
  ])('is asked for a client that is %s', async (_name, metadata) => {
    const other = await registerClient(test.origin, metadata);
    await authorize(test, { client: other, person });
    expect(await isAsked({}, other)).toBe(true);
  });

  it.each(['', 'HTTP://LOCALHOST'])(
    'is asked for one whose code our own page shows (%s)',
    async (spelling) => {
      const page = spelling === '' ? test.origin : test.origin.replace('http://localhost', spelling);
      // It keeps a secret, so that this page is all that speaks against it.
      const other = await registerClient(test.origin, {
        redirect_uris: [`${page}/success`],
        token_endpoint_auth_method: 'client_secret_post',
      });
      person = newPerson([`${page}/success`]);
      await authorize(test, { client: other, person });
      expect(await isAsked({}, other)).toBe(true);
    },
  );

  it('is not asked again for one that keeps a secret', async () => {
    const other = await registerClient(test.origin, { token_endpoint_auth_method: 'client_secret_post' });
    await authorize(test, { client: other, person });
    expect(await isAsked({}, other)).toBe(false);
  });
});

describe('a page that opens such a request in the person’s browser', () => {
  it('makes the client’s own site get a code that the page cannot use', async () => {
    const flow = await authorize(test, { client, person });
    expect(flow.end.url.startsWith(WEB)).toBe(true);
    const stolen = codeForm(flow, { code_verifier: 'a'.repeat(43) });
    expect(await postToken(test, stolen)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });
});
