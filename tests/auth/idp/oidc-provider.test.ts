/** Against an OpenID Connect provider that nobody here wrote, from the client's request to a token that opens a service. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { OidcSettings } from '../../../runtime/auth/settings.ts';
import { callbackUrl } from '../../../runtime/config/topology.ts';
import { authorize, decodeJwt, newPerson, openConsent, signIn } from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';
import { startOidcServer, type OidcServer, type OidcServerOptions } from '../../helpers/oidc-server.ts';

/** At the client, with a code of ours. */
const CODE = /^http:\/\/127\.0\.0\.1:33418\/callback\?.*code=/;

const ACCOUNTS = {
  alice: {
    ...{ email: 'Alice@Example.com', email_verified: true, preferred_username: 'alice' },
    groups: ['staff', 'Tool Users'],
  },
  bob: { email: 'bob@example.com', email_verified: true, groups: ['staff'] },
  mallory: { email: 'alice@example.com', email_verified: false, preferred_username: 'alice', groups: [] },
};

async function start(
  change: Partial<OidcSettings> = {},
  options: OidcServerOptions = {},
): Promise<{ oidc: OidcServer; test: TestAuth }> {
  const oidc = await startOidcServer(options);
  oidc.accounts = ACCOUNTS;
  const { issuer, clientId, clientSecret } = oidc;
  const provider: OidcSettings = {
    ...{ kind: 'oidc', issuer, clientId, clientSecret, title: 'Example' },
    scopes: ['openid', 'profile', 'email', 'groups'],
    groupsClaim: 'groups',
    ...{ allowedEmails: ['alice@example.com'], allowedDomains: [], allowedGroups: [] },
    ...change,
  };
  const test = await startTestAuth({ settings: { identityProviders: [provider] } });
  await oidc.listen(callbackUrl(test.settings.topology));
  onTestFinished(async () => {
    await test.close();
    await oidc.close();
  });
  return { oidc, test };
}

describe('an OpenID Connect provider of somebody else', () => {
  it.each<[string, OidcServerOptions]>([
    ['what a scope asks for in UserInfo, the secret in a header', {}],
    [
      'all in the ID token, the secret in the body',
      { claimsInIdToken: true, tokenEndpointAuthMethod: 'client_secret_post' },
    ],
    ['an elliptic curve', { claimsInIdToken: true, algorithm: 'ES256' }],
  ])('signs a person in: %s', async (_what, options) => {
    const { oidc, test } = await start({}, options);
    const { tokens } = await signIn(test);
    expect(decodeJwt(tokens.access_token)).toMatchObject({
      sub: `oidc:alice@${new URL(oidc.issuer).host}`,
      name: 'alice@example.com',
      groups: ['email:alice@example.com', 'domain:example.com', 'oidc:staff', 'oidc:Tool Users'],
    });
    const authorization = `Bearer ${tokens.access_token}`;
    expect((await test.auth.verify({ service: 'echo', authorization })).status).toBe(200);
    expect(oidc.refused).toEqual([]);
  });

  it('gets PKCE and another nonce and state each time, and none of the client’s own', async () => {
    const { oidc, test } = await start();
    const { pkce } = await signIn(test);
    await signIn(test);
    const [first, second] = oidc.asked;
    expect(first?.get('code_challenge_method')).toBe('S256');
    for (const name of ['nonce', 'state', 'code_challenge']) {
      expect(first?.get(name)).toMatch(/^[\w-]{43,}$/);
      expect(first?.get(name)).not.toBe(second?.get(name));
    }
    expect(first?.get('code_challenge')).not.toBe(pkce.challenge);
    expect(first?.get('state')).not.toBe('the state');
  });

  it('may know people whom the gateway does not let in: by address, and by one that is not verified', async () => {
    const { oidc, test } = await start();
    for (const person of ['bob', 'mallory']) {
      oidc.person = person;
      const { end } = await authorize(test);
      expect([person, end.status, end.url.startsWith(test.origin)]).toEqual([person, 403, true]);
    }
    oidc.person = 'alice';
    expect((await authorize(test)).end.url).toMatch(CODE);
    expect(oidc.refused).toEqual([]);
  });

  it('lets in by the group that it names, and only who is in it', async () => {
    const { oidc, test } = await start({ allowedEmails: [], allowedGroups: ['tool users'] });
    expect((await authorize(test)).end.url).toMatch(CODE);
    oidc.person = 'bob';
    expect((await authorize(test)).end.status).toBe(403);
  });

  it('has its answer taken only by the browser that agreed, and only once', async () => {
    const { test } = await start();
    const { person, page } = await openConsent(test);
    const callback = `${test.origin}/callback`;
    const stopped = newPerson([callback]);
    for (const [name, value] of person.cookies) (stopped.cookies as Map<string, string>).set(name, value);
    const back = await stopped.press(page, { decision: 'allow:oidc' });
    expect(back.url).toContain(`${callback}?`);
    expect((await newPerson().visit(back.url)).status).toBe(403);
    expect((await person.visit(back.url)).url).toMatch(CODE);
    expect((await person.visit(back.url)).url).not.toMatch(CODE);
  });

  it('with the wrong secret ends on a page, and says in the log only which error it was', async () => {
    const { oidc, test } = await start({ clientSecret: 'the wrong secret' });
    const { end } = await authorize(test);
    expect([end.status, end.html.includes('Example did not confirm the sign-in')]).toEqual([403, true]);
    expect(JSON.stringify(test.logs)).toContain('invalid_client');
    expect(JSON.stringify(test.logs)).not.toContain('the wrong secret');
    expect(oidc.refused).toHaveLength(1);
  });
});
