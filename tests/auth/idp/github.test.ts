import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createGithubProvider } from '../../../runtime/auth/idp/github.ts';
import { SignInError, type RemoteProvider } from '../../../runtime/auth/idp/provider.ts';
import type { GithubSettings } from '../../../runtime/auth/settings.ts';
import { startGithubStandIn, type GithubStandIn } from '../../helpers/github-stand-in.ts';

const REDIRECT_URI = 'http://localhost:1/callback';

let github: GithubStandIn;

beforeEach(async () => {
  github ??= await startGithubStandIn({ id: 7, login: 'Alice' });
  Object.assign(github, { fault: undefined, orgs: {}, seen: [] });
});
afterAll(() => github.close());

function provider(settings: Partial<GithubSettings>): RemoteProvider {
  const { baseUrl, apiUrl, clientId, clientSecret } = github;
  return createGithubProvider(
    { kind: 'github', baseUrl, apiUrl, clientId, clientSecret, allowedUsers: [], ...settings },
    fetch,
  );
}

async function signIn(at: RemoteProvider) {
  const { url, ...kept } = await at.begin({ state: 'the-state', redirectUri: REDIRECT_URI });
  const response = await fetch(url, { redirect: 'manual' });
  const query = new URL(response.headers.get('location') ?? '').searchParams;
  return at.finish({ query, state: 'the-state', redirectUri: REDIRECT_URI, ...kept });
}

describe('organisations and teams', () => {
  it('become groups, of the organisations that are named alone', async () => {
    github.orgs = {
      Acme: { state: 'active', teams: ['platform', 'Ops'] },
      other: { state: 'active', teams: ['secret'] },
    };
    const at = provider({ allowedOrgs: ['ACME'] });
    const user = await signIn(at);
    expect(user).toEqual({
      id: 'github:7',
      issuer: github.baseUrl,
      subject: '7',
      name: 'Alice',
      groups: ['github:acme', 'github:acme/platform', 'github:acme/ops'],
    });
    expect([github.scope, at.admits(user)]).toEqual(['read:org', true]);
  });

  it('are not asked for where none is named, and neither is the scope', async () => {
    github.orgs = { acme: { state: 'active', teams: [] } };
    const user = await signIn(provider({ allowedUsers: ['alice'] }));
    expect([user.groups, github.scope]).toEqual([[], undefined]);
    expect(github.seen.filter((path) => path.includes('orgs') || path.includes('teams'))).toEqual([]);
  });

  it.each([
    ['a member', { allowedOrgs: ['acme'] }, true],
    ['a member of the team', { allowedTeams: ['Acme/Platform'] }, true],
    ['a member of another team', { allowedTeams: ['acme/ops'] }, false],
    ['no member', { allowedOrgs: ['evil'] }, false],
    ['a member by invitation alone', { allowedOrgs: ['pending'] }, false],
    ['a member of one that shows nothing to this app', { allowedOrgs: ['hidden'] }, false],
    ['no member, but named', { allowedOrgs: ['evil'], allowedUsers: ['alice'] }, true],
    ['nobody at all', {}, false],
  ])('let in or not: %s', async (_who, settings, admitted) => {
    github.orgs = {
      acme: { state: 'active', teams: ['platform'] },
      pending: { state: 'pending', teams: ['x'] },
      hidden: { state: 'hidden', teams: ['x'] },
    };
    const at = provider(settings);
    expect(at.admits(await signIn(at))).toBe(admitted);
  });

  it('are all read, however many pages they take', async () => {
    const many = Array.from({ length: 199 }, (_, index) => `team-${index}`);
    github.orgs = { huge: { state: 'active', teams: many }, acme: { state: 'active', teams: ['last'] } };
    const user = await signIn(provider({ allowedTeams: ['acme/last'] }));
    expect(user.groups).toEqual(['github:acme', 'github:acme/last']);
  });

  it('are refused where a token cannot carry them, since a policy may deny by the one left out', async () => {
    const many = Array.from({ length: 101 }, (_, index) => `team-${index}`);
    github.orgs = { huge: { state: 'active', teams: many } };
    await expect(signIn(provider({ allowedOrgs: ['huge'] }))).rejects.toThrow('more groups than');
  });

  it('that cannot be read end the sign-in', async () => {
    github.orgs = { acme: { state: 'active', teams: [] } };
    github.fault = 'no-teams';
    const failed = signIn(provider({ allowedOrgs: ['acme'] }));
    await expect(failed).rejects.toThrow(SignInError);
    await expect(failed).rejects.toMatchObject({ debug: 'GET /user/teams answered 502' });
  });
});

it('takes the issuer that GitHub names in its answer (RFC 9207), and no other', async () => {
  expect((await signIn(provider({}))).subject).toBe('7');
  github.fault = 'foreign-issuer';
  await expect(signIn(provider({}))).rejects.toThrow('GitHub did not confirm the sign-in');
});

it('does not take a group of another provider for an organisation', () => {
  const user = { id: 'github:7', name: 'x', groups: ['oidc:acme', 'acme'] };
  expect(provider({ allowedOrgs: ['acme'] }).admits(user)).toBe(false);
});
