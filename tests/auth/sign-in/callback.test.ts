import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { startGithubStandIn, type GithubStandIn } from '../../helpers/github-stand-in.ts';
import {
  authorize,
  decodeJwt,
  newPerson,
  openConsent,
  Person,
  postToken,
  refreshForm,
  REDIRECT_URI,
  signIn,
  unescapeHtml,
} from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

let github: GithubStandIn;
let test: TestAuth;
const started: TestAuth[] = [];
const ALLOW = { decision: 'allow:github' };

beforeEach(async () => {
  github ??= await startGithubStandIn({ id: 583231, login: 'Alice' });
  Object.assign(github, { fault: undefined, account: { id: 583231, login: 'Alice' } });
  test = await startTestAuth({ github, allowedUsers: [' alice '] });
  started.push(test);
});
afterAll(async () => {
  for (const each of started) await each.close();
  await github.close();
});

/** Up to GitHub's answer, which is not followed. */
async function toCallback() {
  const person = new Person((url) => url.startsWith(github.baseUrl));
  const { page } = await openConsent(test, { person });
  const back = await person.press(page, ALLOW);
  expect(back.url.startsWith(`${test.origin}/callback?`)).toBe(true);
  return { person, callback: back.url };
}

describe('signing in with GitHub', () => {
  it('keeps the numeric id as the subject and the login as the name', async () => {
    const { tokens } = await signIn(test);
    expect(decodeJwt(tokens.access_token)).toMatchObject({ sub: 'github:583231', name: 'Alice' });
    expect(test.logs.find(({ event }) => event === 'signed_in')).toMatchObject({
      user: 'github:583231',
      userName: 'Alice',
    });
  });

  it('sends state and PKCE upstream, and no scope', async () => {
    const person = new Person(() => false);
    const { page } = await openConsent(test, { person });
    const url = new URL((await person.press(page, ALLOW)).url);
    expect(url.origin + url.pathname).toBe(`${github.baseUrl}/login/oauth/authorize`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: github.clientId,
      redirect_uri: `${test.origin}/callback`,
      response_type: 'code',
      state: expect.stringMatching(/^[\w-]{43}$/) as string,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
      code_challenge_method: 'S256',
    });
  });

  it.each([
    ['denied', 'You did not let this gateway see who you are'],
    ['bad-code', 'GitHub did not confirm the sign-in'],
    ['no-token', 'GitHub did not confirm the sign-in'],
    ['no-user', 'GitHub did not confirm the sign-in'],
  ] as const)('ends on a page that says why when GitHub fails (%s)', async (fault, words) => {
    github.fault = fault;
    const { end } = await authorize(test);
    expect([end.status, end.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8']);
    expect(end.html).toContain(words);
    const link = new URL(unescapeHtml(/href="(http:[^"]*)"/.exec(end.html)?.[1] ?? ''));
    expect(link.searchParams.get('error')).toBe('access_denied');
    expect(link.href.startsWith(REDIRECT_URI)).toBe(true);
  });

  it('does not wait for a GitHub that never answers', async () => {
    const hasty: typeof fetch = (input, init) =>
      init?.signal
        ? fetch(input, { ...init, signal: AbortSignal.any([init.signal, AbortSignal.timeout(20)]) })
        : Promise.reject(new Error('no timeout'));
    github.fault = 'silent';
    const other = await startTestAuth({ github, fetch: hasty });
    started.push(other);
    const { end } = await authorize(other);
    expect(end.html).toContain('GitHub could not be reached');
  });
});

describe('invariant 1: the browser that agreed is the one that returns', () => {
  it('refuses another one, and leaves the first one its sign-in', async () => {
    const { person, callback } = await toCallback();
    const victim = newPerson();
    expect((await victim.visit(callback)).status).toBe(403);
    await openConsent(test, { person: victim });
    const refused = await victim.visit(callback);
    expect([refused.status, refused.html.includes('another browser')]).toEqual([403, true]);
    expect((await person.visit(callback)).url).toContain('code=');
  });

  it('takes an answer once', async () => {
    const { person, callback } = await toCallback();
    const both = await Promise.all([person.visit(callback), person.visit(callback)]);
    expect(both.filter(({ url }) => url.includes(REDIRECT_URI)).length).toBe(1);
  });

  it('takes no second answer to the same question, though GitHub would confirm that too', async () => {
    const person = new Person(() => false);
    const { page } = await openConsent(test, { person });
    const question = (await person.press(page, ALLOW)).url;
    const answers = [];
    for (let count = 0; count < 2; count++) {
      const answer = await fetch(question, { redirect: 'manual' });
      answers.push(answer.headers.get('location') ?? '');
    }
    expect(answers[0]).not.toBe(answers[1]);
    expect((await person.visit(answers[0] ?? '')).url).toContain('code=');
    const again = await person.visit(answers[1] ?? '');
    expect([again.status, again.url.includes(REDIRECT_URI)]).toEqual([400, false]);
  });

  it.each(['', '?state=', '?state=unknown&code=x', '?code=x', '?error=access_denied'])(
    'ends on a page for /callback%s',
    async (query) => {
      const page = await newPerson().visit(`${test.origin}/callback${query}`);
      expect([page.status, page.headers.get('content-type')]).toEqual([400, 'text/html; charset=utf-8']);
    },
  );
});

describe('invariant 7: who is not on the allow-list', () => {
  it('reads who they are and what to do, and the client gets nothing', async () => {
    github.account = { id: 7, login: 'mallory<b>' };
    const { end } = await authorize(test);
    expect(end.status).toBe(403);
    expect(end.html).toContain('You are signed in as mallory&lt;b&gt;');
    expect(end.html).toContain('Ask the operator');
    expect(end.html).not.toContain('code=');
    expect(test.logs.find(({ event }) => event === 'sign_in_refused')).toMatchObject({ user: 'github:7' });
  });

  it('is out on refresh and in /verify, once the operator took the name off', async () => {
    const { tokens, client } = await signIn(test);
    const authorization = `Bearer ${tokens.access_token}`;
    expect((await test.auth.verify({ service: 'echo', authorization })).status).toBe(200);
    for (const allowedUsers of [['bob'], []]) {
      const changed = await startTestAuth({
        github,
        allowedUsers,
        store: test.store,
        settings: { topology: test.settings.topology },
      });
      started.push(changed);
      expect((await changed.auth.verify({ service: 'echo', authorization })).status).toBe(401);
      expect(await postToken(changed, refreshForm(client, tokens.refresh_token))).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant' },
      });
    }
  });

  it('is out when their provider is no longer configured', async () => {
    const { tokens } = await signIn(test);
    const changed = await startTestAuth({
      store: test.store,
      settings: {
        topology: test.settings.topology,
        identityProviders: [{ kind: 'local', userName: 'Alice' }],
      },
    });
    started.push(changed);
    const result = await changed.auth.verify({
      service: 'echo',
      authorization: `Bearer ${tokens.access_token}`,
    });
    expect(result.status).toBe(401);
  });
});
