import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGithubStandIn, type GithubStandIn } from '../../helpers/github-stand-in.ts';
import {
  authorize,
  formOf,
  newPerson,
  openConsent,
  registerClient,
  REDIRECT_URI,
} from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

let github: GithubStandIn;
let test: TestAuth;
beforeAll(async () => {
  github = await startGithubStandIn({ id: 583231, login: 'Alice' });
  test = await startTestAuth({ github });
});
afterAll(async () => {
  await test.close();
  await github.close();
});

const ALLOW = { decision: 'allow:github' };

describe('invariant 1: consent', () => {
  it('shows who asks, where the answer goes and for what', async () => {
    const client = await registerClient(test.origin, {
      client_name: 'My client',
      redirect_uris: ['https://app.example/cb'],
    });
    const { page } = await openConsent(test, { client });
    for (const text of ['My client', 'app.example', 'Echo', 'Says what it hears.', 'It may stay signed in']) {
      expect(page.html).toContain(text);
    }
    expect(page.html).not.toContain('Reads web pages.');
    expect(page.html).not.toContain('program on your own computer');
  });

  it('warns of a client on loopback', async () => {
    expect((await openConsent(test)).page.html).toContain('program on your own computer');
  });

  it('comes before anything upstream, every time, for a client known before too', async () => {
    const { client, person } = await authorize(test);
    const before = github.seen.length;
    const { page } = await openConsent(test, { client, person });
    expect(page.html).toContain('action="/consent"');
    expect(github.seen.length).toBe(before);
    await person.press(page, ALLOW);
    expect(github.seen.length).toBeGreaterThan(before);
  });

  it('denied goes back to the client, and nowhere else', async () => {
    const before = github.seen.length;
    const { page, person } = await openConsent(test);
    const end = await person.press(page, { decision: 'deny' });
    const answer = new URL(end.url).searchParams;
    expect(end.url.startsWith(`${REDIRECT_URI}?`)).toBe(true);
    expect([answer.get('error'), answer.get('state'), answer.get('iss')]).toEqual([
      'access_denied',
      'the state',
      test.origin,
    ]);
    expect(github.seen.length).toBe(before);
    // And it is over.
    expect((await person.press(page, ALLOW)).status).toBe(400);
  });

  it('counts from the browser that was asked only', async () => {
    const { page } = await openConsent(test);
    const stranger = newPerson();
    expect((await stranger.press(page, ALLOW)).status).toBe(403);
    await openConsent(test, { person: stranger });
    expect((await stranger.press(page, ALLOW)).status).toBe(403);
  });

  it('needs the CSRF token of this very form', async () => {
    const { page, person } = await openConsent(test);
    const other = await openConsent(test, { person });
    for (const csrf of ['', 'x', formOf(other.page.html).values.get('csrf') ?? '']) {
      const form = formOf(page.html).values;
      form.set('csrf', csrf);
      form.set('decision', 'allow:github');
      expect((await person.visit(`${test.origin}/consent`, form)).status).toBe(403);
    }
    expect((await person.press(page, ALLOW)).url).toContain('code=');
  });

  it('knows only its own decisions and providers', async () => {
    const { page, person } = await openConsent(test);
    for (const decision of ['', 'allow', 'allow:', 'allow:local', 'github', 'allow:__proto__']) {
      expect((await person.press(page, { decision })).status).toBe(400);
    }
  });

  it('is not skipped by going to /callback or /local at once', async () => {
    const { page, person } = await openConsent(test);
    const handle = formOf(page.html).values.get('transaction') ?? '';
    const callback = await person.visit(`${test.origin}/callback?state=${handle}&code=x`);
    expect([callback.status, callback.html.includes('code=')]).toEqual([400, false]);
    const local = await person.visit(`${test.origin}/local`, formOf(page.html).values);
    expect(local.status).toBe(400);
  });

  it('is for one sign-in: going back or pressing twice is harmless until it is complete, and nothing after', async () => {
    const other = await startTestAuth();
    try {
      const { page, person } = await openConsent(other);
      const allow = { decision: 'allow:local' };
      const [first] = await Promise.all([person.press(page, allow), person.press(page, allow)]);
      const second = await person.press(page, allow);
      expect(first.html).toContain('Continue as alice');
      expect((await person.press(second, {})).url).toContain('code=');
      const replayed = await person.press(page, allow);
      expect([replayed.status, replayed.html.includes('This sign-in is over')]).toEqual([400, true]);
    } finally {
      await other.close();
    }
  });

  it('stays good when the person signed in with an account that is not allowed in', async () => {
    const { page, person } = await openConsent(test);
    github.account = { id: 7, login: 'mallory' };
    expect((await person.press(page, ALLOW)).status).toBe(403);
    github.account = { id: 583231, login: 'Alice' };
    expect((await person.press(page, ALLOW)).url).toContain('code=');
    expect((await person.press(page, ALLOW)).status).toBe(400);
  });

  it('may end by itself while the person is at the identity provider', async () => {
    const other = await startTestAuth();
    try {
      const { page, person } = await openConsent(other);
      other.clock.advance(9 * 60_000);
      const local = await person.press(page, { decision: 'allow:local' });
      other.clock.advance(9 * 60_000);
      expect((await person.press(local, {})).url).toContain('code=');
    } finally {
      await other.close();
    }
  });

  it('ends after ten minutes', async () => {
    const other = await startTestAuth({ github });
    try {
      const { page, person } = await openConsent(other);
      other.clock.advance(10 * 60_000 + 1);
      expect((await person.press(page, ALLOW)).status).toBe(400);
    } finally {
      await other.close();
    }
  });

  it('takes the cookie with all its guards', async () => {
    const { page } = await openConsent(test);
    expect(page.headers.get('set-cookie')).toMatch(
      /^mcpgw=[\w-]{43}; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const https = await startTestAuth({
      github,
      settings: {
        topology: { mode: 'path', scheme: 'https', domain: 'localhost', services: ['echo', 'fetch'] },
      },
    });
    try {
      const client = await registerClient(`http://localhost:${new URL(https.origin).port}`);
      const secure = await openConsent(https, { client });
      expect(secure.page.headers.get('set-cookie')).toMatch(
        /^__Host-mcpgw=[\w-]{43}; Max-Age=3600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
      expect(secure.page.headers.get('strict-transport-security')).toBe('max-age=31536000');
    } finally {
      await https.close();
    }
  });
});

describe('invariant 15: every value in a page is escaped', () => {
  it('in the consent page and after it', async () => {
    const evil = `"><script>alert(1)</script><img src=x onerror='x'>{{csrf}}`;
    const client = await registerClient(test.origin, {
      client_name: evil,
      redirect_uris: [`${REDIRECT_URI}?a='b'`],
    });
    const { page, person } = await openConsent(test, { client, authorize: { state: evil } });
    const end = await person.press(page, { decision: 'deny' });
    for (const html of [page.html, end.html]) {
      expect(html).not.toMatch(/<script|<img|onerror='/);
      expect(html).not.toContain(`'b'"`);
    }
    expect(page.html).toContain('&lt;script&gt;');
    expect(new URL(end.url).searchParams.get('state')).toBe(evil);
  });
});
