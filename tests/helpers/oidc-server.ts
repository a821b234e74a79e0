/**
 * A real OpenID Connect provider on loopback that nobody here wrote: `oidc-provider`, certified by the OpenID Foundation.
 * It wants PKCE, and signs in whoever is named, without pages of its own.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

export interface OidcServer {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** Who is signed in next: a key of `accounts`. */
  person: string;
  /** Claims by account. */
  accounts: Record<string, Record<string, unknown>>;
  /** Authorization requests so far. */
  asked: URLSearchParams[];
  /** What it refused, in its own words. */
  refused: string[];
  /** @param redirectUri the only one that the client may use */
  listen(redirectUri: string): Promise<void>;
  close(): Promise<void>;
}

export interface OidcServerOptions {
  /** Whether the ID token says all, or what is asked for by a scope comes from UserInfo alone (Core §5.4). */
  claimsInIdToken?: boolean;
  tokenEndpointAuthMethod?: 'client_secret_basic' | 'client_secret_post';
  /** What ID tokens are signed with. */
  algorithm?: 'RS256' | 'ES256';
}

/** Its address is known at once, so that a gateway can be made that has one in turn; it serves after `listen`. */
export async function startOidcServer(options: OidcServerOptions = {}): Promise<OidcServer> {
  const { algorithm = 'RS256' } = options;
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid: 'its-key', alg: algorithm, use: 'sig' };
  let handle = (_request: IncomingMessage, response: ServerResponse): void => void response.destroy();
  const server = createServer((request, response) => handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const oidc: OidcServer = {
    issuer,
    clientId: 'mcpgw',
    clientSecret: 'a client secret: with characters that forms & headers encode %+',
    person: 'alice',
    accounts: {},
    asked: [],
    refused: [],
    listen: (redirectUri) => {
      const provider = new Provider(issuer, configuration(oidc, redirectUri, jwk, options));
      for (const event of ['authorization.error', 'grant.error', 'userinfo.error', 'server_error'])
        provider.on(event, (_context, error) => oidc.refused.push(`${event}: ${String(error)}`));
      const serve = provider.callback();
      handle = (request, response) => {
        const url = new URL(request.url ?? '/', issuer);
        if (url.pathname === '/auth') oidc.asked.push(url.searchParams);
        if (!url.pathname.startsWith('/interaction/')) return serve(request, response);
        interact(provider, oidc, request, response).catch(() => response.destroy());
      };
      return Promise.resolve();
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return oidc;
}

function configuration(
  oidc: OidcServer,
  redirectUri: string,
  jwk: object,
  {
    claimsInIdToken = false,
    tokenEndpointAuthMethod = 'client_secret_basic',
    algorithm = 'RS256',
  }: OidcServerOptions,
): object {
  return {
    clients: [
      {
        client_id: oidc.clientId,
        client_secret: oidc.clientSecret,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: tokenEndpointAuthMethod,
        id_token_signed_response_alg: algorithm,
      },
    ],
    clientAuthMethods: [tokenEndpointAuthMethod],
    conformIdTokenClaims: !claimsInIdToken,
    claims: { email: ['email', 'email_verified'], profile: ['preferred_username'], groups: ['groups'] },
    scopes: ['openid', 'email', 'profile', 'groups'],
    findAccount: (_context: unknown, accountId: string) => ({
      accountId,
      claims: () => ({ sub: accountId, ...oidc.accounts[accountId] }),
    }),
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    cookies: { keys: ['a key for its cookies'] },
    jwks: { keys: [jwk] },
  };
}

/** What its pages would ask a person: to sign in, and to agree. */
async function interact(
  provider: Provider,
  oidc: OidcServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login')
    return provider.interactionFinished(request, response, { login: { accountId: oidc.person } });
  const grant = new provider.Grant({ accountId: session?.accountId, clientId: params.client_id });
  grant.addOIDCScope(String(params.scope));
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}
