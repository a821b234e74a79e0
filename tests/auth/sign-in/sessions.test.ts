import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGithubStandIn, type GithubStandIn } from '../../helpers/github-stand-in.ts';
import { authorize, openConsent, registerClient, Person } from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';
import { sha256 } from '../../../runtime/auth/hashing.ts';

const COOKIE = 'mcpgw-session';
const ALLOW = { decision: 'allow' };

let github: GithubStandIn;
let test: TestAuth;
beforeAll(async () => {
  github = await startGithubStandIn({ id: 583231, login: 'Alice' });
});
afterAll(() => github.close());
beforeEach(async () => {
  github.account = { id: 583231, login: 'Alice' };
  test = await startTestAuth({ github, allowedUsers: ['alice', 'bob'] });
});
afterEach(() => test.close());

const cookieOf = (person: Person): string => person.cookies.get(COOKIE) ?? '';
const sessionOf = (person: Person) => test.store.getRecord('session', sha256(cookieOf(person)));
const events = (event: string) => test.logs.filter((line) => line.event === event);

describe('a signed-in browser', () => {
  it('goes from consent to the code without the identity provider, and is told who it is', async () => {
    const { person } = await authorize(test);
    const before = github.seen.length;
    const { page } = await openConsent(test, { person });
    expect(page.html).toMatch(/Signed in as <strong><bdi>Alice<\/bdi>/);
    const end = await person.press(page, ALLOW);
    expect(end.url).toContain('code=');
    expect(github.seen.length).toBe(before);
    expect(events('signed_in')).toHaveLength(1);
    expect(events('code_issued').map(({ user }) => user)).toEqual(['github:583231', 'github:583231']);
    expect(events('consent_given').at(-1)).toMatchObject({ user: 'github:583231', userName: 'Alice' });
    // One consent, one code.
    expect((await person.press(page, ALLOW)).status).toBe(400);
  });

  it('is one with the cookie: only its hash is stored, and no other browser has it', async () => {
    const { person } = await authorize(test);
    expect(await sessionOf(person)).toMatchObject({ user: { id: 'github:583231' } });
    expect(JSON.stringify(await sessionOf(person))).not.toContain(cookieOf(person));
    const { page } = await openConsent(test);
    expect(page.html).not.toContain('Signed in as');
  });

  it('has a cookie with all its guards', async () => {
    const { person } = await authorize(test);
    const { page } = await openConsent(test, { person });
    expect(page.headers.getSetCookie().find((line) => line.startsWith(COOKIE))).toMatch(
      /^mcpgw-session=[\w-]{43}; Max-Age=1800; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const https = await startTestAuth({
      settings: {
        topology: { mode: 'path', scheme: 'https', domain: 'localhost', services: ['echo', 'fetch'] },
      },
    });
    try {
      const origin = `http://localhost:${new URL(https.origin).port}`;
      const client = await registerClient(origin);
      const { end } = await authorize(https, { client });
      expect(end.headers.getSetCookie().find((line) => line.includes(COOKIE))).toMatch(
        /^__Host-mcpgw-session=[\w-]{43}; Max-Age=1800; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
    } finally {
      await https.close();
    }
  });

  it('stays so with each use, and no longer than SESSION_TIMEOUT after the last one', async () => {
    const { person } = await authorize(test);
    for (let use = 0; use < 3; use++) {
      test.clock.advance(1_799_000);
      expect((await openConsent(test, { person })).page.html).toContain('Signed in as');
    }
    test.clock.advance(1_800_001);
    expect((await openConsent(test, { person })).page.html).not.toContain('Signed in as');
  });

  it('proves again after a week who it is, however much it is used', async () => {
    const { person } = await authorize(test);
    for (let hours = 0; hours < 7 * 24; hours += 0.4) {
      test.clock.advance(0.4 * 3_600_000);
      await person.visit(`${test.origin}/signout`);
    }
    expect(cookieOf(person)).toBe('');
  });

  it('gets a new session at each sign-in, and the one before ends (fixation)', async () => {
    const { person } = await authorize(test);
    const first = cookieOf(person);
    await authorize(test, { person, authorize: { prompt: 'login' } });
    expect(cookieOf(person)).not.toBe(first);
    expect(await test.store.getRecord('session', sha256(first))).toBeUndefined();
    // Nor does a value that somebody else chose become one.
    const chosen = 'x'.repeat(43);
    const headers = { cookie: `${COOKIE}=${chosen}` };
    await fetch(`${test.origin}/signout`, { headers });
    expect(await test.store.getRecord('session', sha256(chosen))).toBeUndefined();
  });

  it('does not begin for a person who is not allowed in', async () => {
    github.account = { id: 7, login: 'mallory' };
    const { person } = await authorize(test);
    expect(cookieOf(person)).toBe('');
  });

  it('ends when the user is revoked', async () => {
    const { person } = await authorize(test);
    const { page } = await openConsent(test, { person });
    await test.store.revokeUser('github:583231', test.clock.now());
    const refused = await person.press(page, ALLOW);
    expect(refused.html).toContain('You are no longer signed in as the page said.');
    expect(refused.html).not.toContain('code=');
    expect(await sessionOf(person)).toBeUndefined();
    // Who signs in anew is in.
    test.clock.advance(1000);
    expect((await person.press(refused, { decision: 'allow:github' })).url).toContain('code=');
    expect((await openConsent(test, { person })).page.html).toContain('Signed in as');
  });

  it('ends when the provider no longer admits the user', async () => {
    const { person } = await authorize(test);
    const changed = await startTestAuth({
      github,
      allowedUsers: ['bob'],
      store: test.store,
      settings: { topology: test.settings.topology },
    });
    try {
      const page = await person.visit(`${changed.origin}/signout`);
      expect(page.html).toContain('You are not signed in');
    } finally {
      await changed.close();
    }
  });
});

describe('what was agreed to as one user counts for no other', () => {
  it('when another one signed in meanwhile', async () => {
    const { person } = await authorize(test);
    const { page } = await openConsent(test, { person });
    github.account = { id: 8, login: 'bob' };
    await authorize(test, { person, authorize: { prompt: 'login' } });
    const again = await person.press(page, ALLOW);
    expect([again.status, again.html.includes('no longer signed in as')]).toEqual([400, true]);
    const end = await person.press(again, { decision: 'allow:github' });
    expect(end.url).toContain('code=');
    expect(events('code_issued').at(-1)).toMatchObject({ user: 'github:8' });
  });

  it('when the person wants to use another account', async () => {
    const { person } = await authorize(test);
    const { page } = await openConsent(test, { person });
    const again = await person.press(page, { decision: 'switch' });
    expect(again.html).not.toContain('Signed in as');
    expect((await person.press(again, ALLOW)).status).toBe(400);
    github.account = { id: 8, login: 'bob' };
    expect((await person.press(again, { decision: 'allow:github' })).url).toContain('code=');
    expect(await sessionOf(person)).toMatchObject({ user: { id: 'github:8' } });
  });
});

describe('prompt and max_age', () => {
  it('login lets the person choose the account at the provider, too', async () => {
    for (const [prompt, upstream] of [
      [undefined, null],
      ['login', 'select_account'],
    ] as const) {
      const person = new Person(() => false);
      const { page } = await openConsent(test, { person, authorize: { prompt } });
      const url = new URL((await person.press(page, { decision: 'allow:github' })).url);
      expect(url.searchParams.get('prompt')).toBe(upstream);
    }
  });

  const web = { redirect_uris: ['https://app.example/cb'] };

  it('login and max_age let no session do', async () => {
    const { person } = await authorize(test);
    test.clock.advance(61_000);
    for (const parameters of [{ prompt: 'login' }, { prompt: 'select_account' }, { max_age: '60' }]) {
      const { page } = await openConsent(test, { person, authorize: parameters });
      expect(page.html).not.toContain('Signed in as');
      expect((await person.press(page, ALLOW)).status).toBe(400);
    }
    const { page } = await openConsent(test, { person, authorize: { max_age: '62' } });
    expect(page.html).toContain('Signed in as');
  });

  it('none shows no page: login_required, consent_required, or the code (OpenID Connect Core §3.1.2.6)', async () => {
    const none = { authorize: { prompt: 'none' } };
    const first = await openConsent(test, none);
    const answer = new URL(first.page.url).searchParams;
    expect([answer.get('error'), answer.get('state'), answer.get('iss')]).toEqual([
      'login_required',
      'the state',
      test.origin,
    ]);
    const { person } = await authorize(test);
    const asked = await openConsent(test, { ...none, person });
    expect(new URL(asked.page.url).searchParams.get('error')).toBe('consent_required');
    const client = await registerClient(test.origin, web);
    await authorize(test, { client, person });
    expect((await openConsent(test, { ...none, client, person })).page.url).toContain('code=');
  });

  it('none with anything else is an error', async () => {
    const { page } = await openConsent(test, { authorize: { prompt: 'none login' } });
    expect(new URL(page.url).searchParams.get('error')).toBe('invalid_request');
  });

  it('none leads nobody to a site that nobody knows by itself (RFC 9700 §4.11.2)', async () => {
    const client = await registerClient(test.origin, web);
    const { page } = await openConsent(test, { client, authorize: { prompt: 'none' } });
    expect([page.status, page.html.includes('login_required')]).toEqual([400, true]);
  });
});
