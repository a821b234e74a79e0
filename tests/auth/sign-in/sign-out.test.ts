import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  formOf,
  newPerson,
  openConsent,
  signIn,
  type Person,
  type Tokens,
} from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

let test: TestAuth;
let person: Person;
let tokens: Tokens;
beforeEach(async () => {
  test = await startTestAuth();
  ({ person, tokens } = await signIn(test));
});
afterEach(() => test.close());

const isSignedIn = async () => (await openConsent(test, { person })).page.html.includes('Signed in as');

describe('/signout', () => {
  it('shows who is signed in, and ends the session at the press of a button', async () => {
    const page = await person.visit(`${test.origin}/signout`);
    expect(page.html).toMatch(/signed in as <strong><bdi>alice/);
    expect(await isSignedIn()).toBe(true);
    const out = await person.press(page, {});
    expect(out.html).toContain('You are signed out');
    expect(out.headers.getSetCookie().join()).toMatch(/^mcpgw-session=; Max-Age=0; Path=\//);
    expect(await isSignedIn()).toBe(false);
    expect(test.logs.filter(({ event }) => event === 'signed_out')).toMatchObject([{ user: 'local:alice' }]);
  });

  it('ends it for whoever copied the cookie too', async () => {
    const cookie = `mcpgw-session=${person.cookies.get('mcpgw-session') ?? ''}`;
    await person.press(await person.visit(`${test.origin}/signout`), {});
    const page = await (await fetch(`${test.origin}/signout`, { headers: { cookie } })).text();
    expect(page).toContain('You are not signed in');
  });

  it('needs the CSRF token of this session', async () => {
    const other = (await signIn(test)).person;
    const foreign = formOf((await other.visit(`${test.origin}/signout`)).html).values.get('csrf') ?? '';
    for (const csrf of ['', 'x', foreign]) {
      const refused = await person.visit(`${test.origin}/signout`, new URLSearchParams({ csrf }));
      expect(refused.status).toBe(403);
    }
    expect(await isSignedIn()).toBe(true);
  });

  it('says so where nobody is signed in, also to a second press', async () => {
    expect((await newPerson().visit(`${test.origin}/signout`)).html).toContain('You are not signed in');
    const page = await person.visit(`${test.origin}/signout`);
    await person.press(page, {});
    expect((await person.press(page, {})).html).toContain('You are not signed in');
  });

  it('leaves applications what they have', async () => {
    await person.press(await person.visit(`${test.origin}/signout`), {});
    const authorization = `Bearer ${tokens.access_token}`;
    expect((await test.auth.verify({ service: 'echo', authorization })).status).toBe(200);
  });
});
