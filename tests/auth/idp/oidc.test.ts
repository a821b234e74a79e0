import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOidcProvider } from '../../../runtime/auth/idp/oidc.ts';
import type { Begun, RemoteProvider } from '../../../runtime/auth/idp/provider.ts';
import type { OidcSettings } from '../../../runtime/auth/settings.ts';
import { authorize, decodeJwt, openConsent, signIn as signInAsClient } from '../../helpers/oauth-flow.ts';
import { createTestClock, startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';
import { startOidcStandIn, type OidcStandIn } from '../../helpers/oidc-stand-in.ts';

const REDIRECT_URI = 'http://localhost:1/callback';
const TENANT = '11111111-2222-3333-4444-555555555555';
const started: { close(): Promise<void> }[] = [];

let oidc: OidcStandIn;

beforeEach(async () => {
  oidc = await startOidcStandIn();
});
afterEach(() => oidc.close());
afterAll(async () => {
  for (const each of started) await each.close();
});

function settings(extra: Partial<OidcSettings> = {}): OidcSettings {
  return {
    ...{ kind: 'oidc', issuer: oidc.issuer, clientId: oidc.clientId, clientSecret: oidc.clientSecret },
    ...{ title: 'Example', scopes: ['openid', 'email'] },
    ...{ allowedEmails: ['alice@example.com'], allowedDomains: [], allowedGroups: [] },
    ...extra,
  };
}

const provider = (extra: Partial<OidcSettings> = {}, now: () => number = Date.now) =>
  createOidcProvider(settings(extra), fetch, now);

/** To the issuer and back. @returns what came back, and what was kept */
async function visit(
  at: RemoteProvider,
  state = 'the-state',
): Promise<{ query: URLSearchParams; kept: Begun }> {
  const kept = await at.begin({ state, redirectUri: REDIRECT_URI });
  const response = await fetch(kept.url, { redirect: 'manual' });
  return { query: new URL(response.headers.get('location') ?? '').searchParams, kept };
}

async function signIn(at: RemoteProvider) {
  const { query, kept } = await visit(at);
  return at.finish({ query, state: 'the-state', redirectUri: REDIRECT_URI, ...kept });
}

describe('signing in', () => {
  it('gives the subject at its issuer, the verified address and its groups', async () => {
    const at = provider();
    const user = await signIn(at);
    const host = new URL(oidc.issuer).host;
    expect(user).toEqual({
      id: `oidc:alice@${host}`,
      issuer: oidc.issuer,
      subject: 'alice',
      name: 'alice@example.com',
      groups: ['email:alice@example.com', 'domain:example.com'],
    });
    expect(at.admits(user)).toBe(true);
  });

  it('sends PKCE, a nonce and the scopes', async () => {
    const { url } = await provider({ scopes: ['groups'] }).begin({ state: 's', redirectUri: REDIRECT_URI });
    expect(Object.fromEntries(new URL(url).searchParams)).toMatchObject({
      scope: 'openid groups',
      state: 's',
      nonce: expect.stringMatching(/^[\w-]{43}$/) as string,
      code_challenge_method: 'S256',
    });
  });

  it('takes from UserInfo what the ID token does not say', async () => {
    oidc.claims = { sub: 'alice' };
    oidc.userInfo = { sub: 'alice', email: 'alice@example.com', email_verified: true, groups: ['staff'] };
    const user = await signIn(provider({ groupsClaim: 'groups' }));
    expect(user.groups).toEqual(['email:alice@example.com', 'domain:example.com', 'oidc:staff']);
  });

  it('never takes one address for verified because UserInfo says it of another', async () => {
    oidc.claims = { sub: 'alice', email: 'boss@example.com' };
    oidc.userInfo = { sub: 'alice', email: 'alice@evil.example', email_verified: true, groups: [] };
    expect((await signIn(provider({ groupsClaim: 'groups' }))).groups).toEqual([]);
  });
});

describe('attacks', () => {
  const refused = 'Example did not confirm the sign-in';

  it.each([
    ['another nonce', { nonce: 'replayed' }],
    ['no nonce', { nonce: undefined }],
    ['another audience', { aud: 'another-client' }],
    ['several audiences and no azp', { aud: ['oidc-client', 'another'], azp: 'another' }],
    ['another issuer', { iss: 'https://evil.example' }],
    ['an end in the past', { exp: Math.floor(Date.now() / 1000) - 60 }],
    ['no end', { exp: undefined }],
    ['no subject', { sub: undefined }],
  ])('with an ID token with %s fail', async (_what, changed) => {
    oidc.forge = (claims) => JSON.parse(JSON.stringify({ ...claims, ...changed })) as typeof claims;
    await expect(signIn(provider())).rejects.toThrow(refused);
  });

  it.each(['none', 'hs256', 'foreign'] as const)('with a signature %s fail', async (signature) => {
    oidc.signature = signature;
    await expect(signIn(provider())).rejects.toThrow(refused);
  });

  it.each([
    ['without state', (query: URLSearchParams) => query.delete('state')],
    ['with another state', (query: URLSearchParams) => query.set('state', 'x')],
    ['from another issuer (mix-up)', (query: URLSearchParams) => query.set('iss', 'https://evil.example')],
    ['without iss, which the issuer promises', (query: URLSearchParams) => query.delete('iss')],
    ['with two codes', (query: URLSearchParams) => query.append('code', 'x')],
  ])('with an answer %s fail', async (_what, answer) => {
    oidc.answer = answer;
    await expect(signIn(provider())).rejects.toThrow(refused);
    expect(oidc.seen).not.toContain('/token');
  });

  it('with a code of another sign-in fail, by the nonce', async () => {
    const at = provider();
    const [mine, theirs] = [await visit(at), await visit(at)];
    const finish = { query: theirs.query, state: 'the-state', redirectUri: REDIRECT_URI, ...mine.kept };
    await expect(at.finish(finish)).rejects.toThrow(refused);
  });

  it('with UserInfo about somebody else fail', async () => {
    oidc.claims = { sub: 'alice' };
    oidc.userInfo = { sub: 'boss', email: 'alice@example.com', email_verified: true };
    await expect(signIn(provider())).rejects.toThrow(refused);
  });

  it('with metadata of another issuer fail', async () => {
    oidc.metadata = { issuer: 'https://evil.example' };
    await expect(signIn(provider())).rejects.toThrow(refused);
  });

  it('leave nothing secret in what the log gets', async () => {
    oidc.forge = (claims) => ({ ...claims, nonce: 'replayed' });
    const failed = signIn(provider());
    await expect(failed).rejects.toMatchObject({
      debug: 'sign-in: OAUTH_JWT_CLAIM_COMPARISON_FAILED, nonce',
    });
  });
});

describe('an issuer that is down', () => {
  it('is asked again as soon as somebody signs in, and says so until then', async () => {
    oidc.down = true;
    const at = provider();
    await expect(signIn(at)).rejects.toThrow('Example');
    oidc.down = false;
    expect((await signIn(at)).subject).toBe('alice');
  });

  it('is known for a day from what it said, which is read again every hour', async () => {
    const clock = createTestClock();
    const at = provider({}, clock.now);
    const begin = () => at.begin({ state: 's', redirectUri: REDIRECT_URI });
    const reads = () => oidc.seen.filter((path) => path.endsWith('openid-configuration')).length;
    await Promise.all([begin(), begin()]);
    await begin();
    expect(reads()).toBe(1);
    clock.advance(3_600_000);
    await begin();
    expect(reads()).toBe(2);
    oidc.down = true;
    clock.advance(3_600_000);
    await begin();
    expect(reads()).toBe(3);
    clock.advance(24 * 3_600_000);
    await expect(begin()).rejects.toThrow('Example');
  });

  it('ends on a page for the person, who can go back and try again', async () => {
    oidc.down = true;
    const test = await startGateway();
    const { person, page } = await openConsent(test);
    const failed = await person.press(page, { decision: 'allow:oidc' });
    expect([failed.status, failed.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8']);
    expect(test.logs.find(({ event }) => event === 'sign_in_refused')).toMatchObject({ provider: 'oidc' });
    oidc.down = false;
    expect((await person.press(page, { decision: 'allow:oidc' })).url).toContain('code=');
  });
});

describe('Entra for any tenant', () => {
  let entra: OidcStandIn;
  beforeEach(async () => {
    entra = await startOidcStandIn('/organizations/v2.0');
    started.push(entra);
    const place = entra.issuer.replace('organizations', '{tenantid}');
    entra.metadata = { issuer: place, authorization_response_iss_parameter_supported: false };
    entra.answer = (query) => query.delete('iss');
    entra.claims = { sub: 'pairwise', tid: TENANT, email: 'eve@example.com', groups: ['admins'] };
    entra.forge = (claims) => ({ ...claims, iss: entra.issuer.replace('organizations', TENANT) });
  });
  const at = (extra: Partial<OidcSettings>) =>
    createOidcProvider({ ...settings(extra), issuer: entra.issuer, groupsClaim: 'groups' }, fetch, Date.now);

  it('signs in at the issuer of the tenant, whose groups are its own', async () => {
    const user = await signIn(at({}));
    expect(user.groups).toEqual([`oidc:${TENANT}`, `oidc:${TENANT}/admins`]);
    expect(user.issuer).toBe(entra.issuer.replace('organizations', TENANT));
    expect(at({ allowedGroups: ['admins'] }).admits(user)).toBe(false);
    expect(at({ allowedGroups: [TENANT] }).admits(user)).toBe(true);
    expect(at({ allowedGroups: [`${TENANT}/Admins`] }).admits(user)).toBe(true);
  });

  it('does not believe an address that no domain owner has verified', async () => {
    expect(at({ allowedDomains: ['example.com'] }).admits(await signIn(at({})))).toBe(false);
    entra.claims.xms_edov = true;
    expect(at({ allowedDomains: ['example.com'] }).admits(await signIn(at({})))).toBe(true);
  });

  it.each([
    ['of another tenant', { tid: '99999999-2222-3333-4444-555555555555' }],
    ['that is none', { tid: '../evil' }],
    ['that is missing', { tid: undefined }],
  ])('refuses a token whose tenant is not its issuer: %s', async (_what, changed) => {
    entra.claims = { ...entra.claims, ...changed };
    await expect(signIn(at({}))).rejects.toThrow('did not confirm');
  });
});

async function startGateway(extra: Partial<OidcSettings> = {}): Promise<TestAuth> {
  const test = await startTestAuth({ settings: { identityProviders: [settings(extra)] } });
  started.push(test);
  return test;
}

describe('through the whole flow', () => {
  it('gives a token that passes, with the groups in it', async () => {
    oidc.claims = { ...oidc.claims, groups: ['staff'] };
    const test = await startGateway({ groupsClaim: 'groups', allowedEmails: [], allowedGroups: ['STAFF'] });
    const { tokens } = await signInAsClient(test);
    expect(decodeJwt(tokens.access_token).groups).toContain('oidc:staff');
    const authorization = `Bearer ${tokens.access_token}`;
    expect((await test.auth.verify({ service: 'echo', authorization })).status).toBe(200);
  });

  it('lets nobody in by default, and says who they are', async () => {
    const { end } = await authorize(await startGateway({ allowedEmails: [] }));
    expect([end.status, end.html.includes('alice@example.com')]).toEqual([403, true]);
  });
});
