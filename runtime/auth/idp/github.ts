/**
 * Signing in with GitHub, or a GitHub Enterprise server: OAuth 2.0 web application flow with PKCE, then the REST API's
 * `GET /user`. https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 *
 * The numeric id is the subject, because a login can be renamed and taken by somebody else. Who the person is, is public,
 * so no scope is asked for; only where organisations or teams are allowed is it `read:org`. Groups are `github:<org>` and
 * `github:<org>/<team>` of the organisations that the configuration names, in lower case: nobody can make an
 * organisation whose name would count as another provider's group. GitHub's token is used at once and kept nowhere, so
 * groups are what they were when the person signed in.
 */
import * as oauth from 'oauth4webapi';
import { createAllowList } from '../../policy/allow-list.ts';
import type { GithubSettings } from '../settings.ts';
import { boundedGroups } from './groups.ts';
import { createGithubApi, type GithubApi } from './github-api.ts';
import type { Candidate, Finish, Identity, RemoteProvider } from './provider.ts';
import { explain } from './upstream-error.ts';

/** How long one call to GitHub may take, in milliseconds. */
const TIMEOUT_MS = 10_000;

const TITLE = 'GitHub';

interface Github {
  server: oauth.AuthorizationServer;
  client: oauth.Client;
  clientSecret: string;
  /** `User.issuer`. */
  issuer: string;
  apiUrl: string;
  /** Lower case; those of the allowed teams among them. */
  orgs: ReadonlySet<string>;
  options: {
    [oauth.customFetch]: typeof fetch;
    [oauth.allowInsecureRequests]: boolean;
    signal: () => AbortSignal;
  };
}

export function createGithubProvider(
  settings: GithubSettings,
  fetch: typeof globalThis.fetch,
): RemoteProvider {
  const github = describeGithub(settings, fetch);
  return {
    kind: 'remote',
    id: 'github',
    title: TITLE,
    admits: createAdmission(settings),
    begin: async ({ state, redirectUri, chooseAccount }) => {
      const codeVerifier = oauth.generateRandomCodeVerifier();
      const url = new URL(github.server.authorization_endpoint ?? '');
      url.searchParams.set('client_id', settings.clientId);
      url.searchParams.set('redirect_uri', redirectUri);
      url.searchParams.set('response_type', 'code');
      url.searchParams.set('state', state);
      url.searchParams.set('code_challenge', await oauth.calculatePKCECodeChallenge(codeVerifier));
      url.searchParams.set('code_challenge_method', 'S256');
      if (chooseAccount === true) url.searchParams.set('prompt', 'select_account');
      if (github.orgs.size > 0) url.searchParams.set('scope', 'read:org');
      return { url: url.href, codeVerifier };
    },
    finish: async (finish) => {
      const token = await redeemCode(github, finish);
      const { apiUrl, options } = github;
      return identify(github, createGithubApi(apiUrl, token, options[oauth.customFetch], options.signal));
    },
  };
}

function describeGithub(settings: GithubSettings, fetch: typeof globalThis.fetch): Github {
  const baseUrl = settings.baseUrl.replace(/\/+$/, '');
  const apiUrl =
    settings.apiUrl ?? (baseUrl === 'https://github.com' ? 'https://api.github.com' : `${baseUrl}/api/v3`);
  const { allowedOrgs = [], allowedTeams = [] } = settings;
  return {
    server: {
      // What GitHub calls itself in the `iss` of its authorization response (RFC 9207).
      issuer: `${baseUrl}/login/oauth`,
      authorization_endpoint: `${baseUrl}/login/oauth/authorize`,
      token_endpoint: `${baseUrl}/login/oauth/access_token`,
    },
    client: { client_id: settings.clientId },
    clientSecret: settings.clientSecret,
    issuer: baseUrl,
    apiUrl: apiUrl.replace(/\/+$/, ''),
    orgs: new Set([...allowedOrgs, ...allowedTeams.map((team) => team.split('/')[0] ?? '')].map(fold)),
    options: {
      [oauth.customFetch]: fetch,
      // Only where the operator wrote http:// for a server of their own.
      [oauth.allowInsecureRequests]: baseUrl.startsWith('http://'),
      signal: () => AbortSignal.timeout(TIMEOUT_MS),
    },
  };
}

/** By login, organisation or team; with all of them empty, nobody. */
function createAdmission(settings: GithubSettings): (user: Candidate) => boolean {
  const allowsName = createAllowList(settings.allowedUsers);
  const allowed = [...(settings.allowedOrgs ?? []), ...(settings.allowedTeams ?? [])];
  const groups = new Set(allowed.map((name) => `github:${fold(name)}`));
  return (user) => allowsName(user.name) || user.groups.some((group) => groups.has(group));
}

/** @returns GitHub's access token */
async function redeemCode(github: Github, finish: Finish): Promise<string> {
  const { server, client, options } = github;
  try {
    const answer = oauth.validateAuthResponse(server, client, finish.query, finish.state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.ClientSecretPost(github.clientSecret),
      answer,
      finish.redirectUri,
      finish.codeVerifier ?? oauth.nopkce,
      options,
    );
    return (await oauth.processAuthorizationCodeResponse(server, client, response)).access_token;
  } catch (error) {
    throw explain(error, TITLE, 'code exchange');
  }
}

async function identify(github: Github, api: GithubApi): Promise<Identity> {
  const { id, login } = await api.user();
  const subject = String(id);
  const groups = github.orgs.size === 0 ? [] : await groupsOf(github.orgs, api);
  return { id: `github:${subject}`, issuer: github.issuer, subject, name: login, groups };
}

async function groupsOf(orgs: ReadonlySet<string>, api: GithubApi): Promise<string[]> {
  const memberships = await Promise.all(
    [...orgs].map(async (org) => ((await api.isMember(org)) ? [org] : [])),
  );
  const member = new Set(memberships.flat());
  const teams = member.size === 0 ? [] : await api.teams(member);
  return boundedGroups([...member, ...teams].map((name) => `github:${name}`));
}

function fold(name: string): string {
  return name.trim().toLowerCase();
}
