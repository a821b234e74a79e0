/**
 * Signing in with GitHub, or a GitHub Enterprise server: OAuth 2.0 web application flow with PKCE, then the REST API's
 * `GET /user`. https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 *
 * No scope is asked for: who the person is, is public. The numeric id is the subject, because a login can be renamed and
 * taken by somebody else. GitHub's token is used once and kept nowhere.
 */
import * as oauth from 'oauth4webapi';
import { z } from 'zod';
import { createAllowList } from '../../policy/allow-list.ts';
import type { GithubSettings } from '../settings.ts';
import { SignInError, type Finish, type Identity, type RemoteProvider } from './provider.ts';

/** How long one call to GitHub may take, in milliseconds. */
const TIMEOUT_MS = 10_000;

const UNREACHABLE = 'GitHub could not be reached. Try again in a minute.';
const REFUSED = 'GitHub did not confirm the sign-in. Start again from the application.';

const githubUser = z.object({ id: z.number().int().positive(), login: z.string().min(1) });

interface Github {
  server: oauth.AuthorizationServer;
  client: oauth.Client;
  clientSecret: string;
  apiUrl: string;
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
    title: 'GitHub',
    admits: createAllowList(settings.allowedUsers),
    begin: async ({ state, redirectUri }) => {
      const codeVerifier = oauth.generateRandomCodeVerifier();
      const url = new URL(github.server.authorization_endpoint ?? '');
      url.searchParams.set('client_id', settings.clientId);
      url.searchParams.set('redirect_uri', redirectUri);
      url.searchParams.set('response_type', 'code');
      url.searchParams.set('state', state);
      url.searchParams.set('code_challenge', await oauth.calculatePKCECodeChallenge(codeVerifier));
      url.searchParams.set('code_challenge_method', 'S256');
      return { url: url.href, codeVerifier };
    },
    finish: async (finish) => fetchUser(github, await redeemCode(github, finish)),
  };
}

function describeGithub(settings: GithubSettings, fetch: typeof globalThis.fetch): Github {
  const baseUrl = settings.baseUrl.replace(/\/+$/, '');
  const apiUrl =
    settings.apiUrl ?? (baseUrl === 'https://github.com' ? 'https://api.github.com' : `${baseUrl}/api/v3`);
  return {
    server: {
      issuer: baseUrl,
      authorization_endpoint: `${baseUrl}/login/oauth/authorize`,
      token_endpoint: `${baseUrl}/login/oauth/access_token`,
    },
    client: { client_id: settings.clientId },
    clientSecret: settings.clientSecret,
    apiUrl: apiUrl.replace(/\/+$/, ''),
    options: {
      [oauth.customFetch]: fetch,
      // Only where the operator wrote http:// for a server of their own.
      [oauth.allowInsecureRequests]: baseUrl.startsWith('http://'),
      signal: () => AbortSignal.timeout(TIMEOUT_MS),
    },
  };
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
    throw explain(error, 'code exchange');
  }
}

async function fetchUser(github: Github, accessToken: string): Promise<Identity> {
  try {
    const response = await github.options[oauth.customFetch](`${github.apiUrl}/user`, {
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${accessToken}`,
        'user-agent': 'mcpgw',
        'x-github-api-version': '2022-11-28',
      },
      redirect: 'error',
      signal: github.options.signal(),
    });
    if (!response.ok) throw new SignInError(REFUSED, `GET /user answered ${response.status}`);
    const user = githubUser.safeParse(await response.json());
    if (!user.success) throw new SignInError(REFUSED, 'GET /user answered no user');
    const subject = String(user.data.id);
    return {
      id: `github:${subject}`,
      issuer: github.server.issuer,
      subject,
      name: user.data.login,
      groups: [],
    };
  } catch (error) {
    throw explain(error, 'GET /user');
  }
}

/** Turns what went wrong into words. Messages of the library may quote GitHub's answer, so only codes get into the log. */
function explain(error: unknown, step: string): SignInError {
  if (error instanceof SignInError) return error;
  if (error instanceof oauth.AuthorizationResponseError) {
    const message =
      error.error === 'access_denied' ? 'You did not let this gateway see who you are at GitHub.' : REFUSED;
    return new SignInError(message, `GitHub answered ${knownCode(error.error)} to the authorization request`);
  }
  if (error instanceof oauth.ResponseBodyError)
    return new SignInError(REFUSED, `${step}: ${knownCode(error.error)}`);
  if (error instanceof oauth.OperationProcessingError)
    return new SignInError(REFUSED, `${step}: ${error.code ?? 'invalid answer'}`);
  const name = error instanceof Error ? error.name : typeof error;
  return new SignInError(UNREACHABLE, `${step}: ${name}`);
}

function knownCode(code: string): string {
  return /^[a-z_]{1,64}$/.test(code) ? code : 'an unknown error';
}
