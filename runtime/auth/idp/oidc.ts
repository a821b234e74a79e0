/**
 * Signing in with any OpenID Connect issuer: authorization code flow with PKCE and nonce (OpenID Connect Core 1.0 §3.1),
 * the ID token checked by oauth4webapi (§3.1.3.7), its signature against the issuer's keys too.
 *
 * The subject is `sub`, and the user's id is `oidc:<sub>@<issuer>`, since a subject means nothing at another issuer. The
 * provider's tokens are used at once and kept nowhere, so groups are what they were when the person signed in.
 */
import * as oauth from 'oauth4webapi';
import type { OidcSettings } from '../settings.ts';
import {
  createDiscovery,
  isAnyTenant,
  ofTenant,
  type Discovery,
  type IssuerOptions,
} from './oidc-discovery.ts';
import { createOidcAdmission, describePerson, type Claims } from './oidc-person.ts';
import type { Finish, Identity, RemoteProvider } from './provider.ts';
import { explain } from './upstream-error.ts';

/** How long one call to the issuer may take, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** How far clocks may be apart, in seconds. */
const CLOCK_TOLERANCE_SECONDS = 30;

const TENANT_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface Issuer {
  settings: OidcSettings;
  client: oauth.Client;
  discovery: Discovery;
  options: IssuerOptions;
  /** Keys by issuer; the library refreshes them, and reads them anew for a `kid` that it does not know. */
  jwksCache: oauth.JWKSCacheInput;
  anyTenant: boolean;
}

/** @param now clock, milliseconds since the epoch */
export function createOidcProvider(
  settings: OidcSettings,
  fetch: typeof globalThis.fetch,
  now: () => number,
): RemoteProvider {
  const issuer = describeIssuer(settings, fetch, now);
  return {
    kind: 'remote',
    id: 'oidc',
    title: settings.title,
    admits: createOidcAdmission(settings, issuer.anyTenant),
    begin: async ({ state, redirectUri, chooseAccount }) => {
      const server = await discovered(issuer);
      const codeVerifier = oauth.generateRandomCodeVerifier();
      const nonce = oauth.generateRandomNonce();
      const url = new URL(server.authorization_endpoint ?? '');
      url.searchParams.set('client_id', settings.clientId);
      url.searchParams.set('redirect_uri', redirectUri);
      url.searchParams.set('response_type', 'code');
      url.searchParams.set('scope', [...new Set(['openid', ...settings.scopes])].join(' '));
      url.searchParams.set('state', state);
      url.searchParams.set('nonce', nonce);
      url.searchParams.set('code_challenge', await oauth.calculatePKCECodeChallenge(codeVerifier));
      url.searchParams.set('code_challenge_method', 'S256');
      if (chooseAccount === true) url.searchParams.set('prompt', 'select_account');
      return { url: url.href, codeVerifier, nonce };
    },
    finish: async (finish) => {
      const server = await discovered(issuer);
      try {
        return await identify(issuer, server, finish);
      } catch (error) {
        throw explain(error, settings.title, 'sign-in');
      }
    },
  };
}

function describeIssuer(settings: OidcSettings, fetch: typeof globalThis.fetch, now: () => number): Issuer {
  const options: IssuerOptions = {
    [oauth.customFetch]: (url, init) => fetch(url, init),
    // Only where the operator wrote http:// for a server of their own.
    [oauth.allowInsecureRequests]: settings.issuer.startsWith('http://'),
    signal: () => AbortSignal.timeout(TIMEOUT_MS),
  };
  return {
    settings,
    client: { client_id: settings.clientId, [oauth.clockTolerance]: CLOCK_TOLERANCE_SECONDS },
    discovery: createDiscovery(settings.issuer, options, now),
    options,
    jwksCache: {},
    anyTenant: isAnyTenant(settings.issuer),
  };
}

async function discovered({ discovery, settings }: Issuer): Promise<oauth.AuthorizationServer> {
  try {
    return await discovery();
  } catch (error) {
    throw explain(error, settings.title, 'discovery');
  }
}

async function identify(
  issuer: Issuer,
  server: oauth.AuthorizationServer,
  finish: Finish,
): Promise<Identity> {
  const { client, options, settings } = issuer;
  const answer = oauth.validateAuthResponse(server, client, finish.query, finish.state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    clientAuthentication(server, settings.clientSecret),
    answer,
    finish.redirectUri,
    finish.codeVerifier ?? oauth.nopkce,
    options,
  );
  const own = ofTenant(server, issuer.anyTenant ? await tenantOf(response.clone()) : undefined);
  const tokens = await oauth.processAuthorizationCodeResponse(own, client, response, {
    // Without one that we sent, none can be right.
    expectedNonce: finish.nonce ?? oauth.generateRandomNonce(),
    requireIdToken: true,
  });
  await oauth.validateApplicationLevelSignature(own, response, {
    ...options,
    [oauth.jwksCache]: issuer.jwksCache,
  });
  const claims = oauth.getValidatedIdTokenClaims(tokens) as oauth.IDToken;
  const more = await userInfo(issuer, own, claims, tokens.access_token);
  return describePerson(merge(claims, more), own.issuer, settings, issuer.anyTenant);
}

/**
 * The tenant that an ID token names, before it is checked: it says which issuer the token must be from, and the check
 * then shows whether it is.
 */
async function tenantOf(response: Response): Promise<string | undefined> {
  try {
    const { id_token: token } = (await response.json()) as { id_token?: unknown };
    const payload = typeof token === 'string' ? (token.split('.')[1] ?? '') : '';
    const { tid } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { tid?: unknown };
    return typeof tid === 'string' && TENANT_ID.test(tid) ? tid.toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}

/** In the body where both are possible: about that nobody disagrees how it is encoded. */
function clientAuthentication(server: oauth.AuthorizationServer, secret: string): oauth.ClientAuth {
  const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  return methods.includes('client_secret_post')
    ? oauth.ClientSecretPost(secret)
    : oauth.ClientSecretBasic(secret);
}

/** Asked only where the ID token does not say all that is needed, as it is with many providers. */
async function userInfo(
  { settings, client, options }: Issuer,
  server: oauth.AuthorizationServer,
  claims: oauth.IDToken,
  accessToken: string,
): Promise<Claims> {
  const { groupsClaim } = settings;
  const complete =
    claims.email !== undefined && (groupsClaim === undefined || claims[groupsClaim] !== undefined);
  if (complete || server.userinfo_endpoint === undefined) return {};
  const response = await oauth.userInfoRequest(server, client, accessToken, options);
  return oauth.processUserInfoResponse(server, client, claims.sub, response);
}

/** What is signed goes before what is not; and whether an address is verified is only said of that very address. */
function merge(claims: Claims, more: Claims): Claims {
  const { email, email_verified: verified, xms_edov: edov } = claims.email === undefined ? more : claims;
  return { ...more, ...claims, email, email_verified: verified, xms_edov: edov };
}
