/** `oauth4webapi` as a client: it checks every answer by the RFCs and throws at what is not exact. */
import * as oauth from 'oauth4webapi';
import { signIn } from './person.ts';

export const REDIRECT_URI = 'http://127.0.0.1:33419/callback';

/** How its requests go out; the same for each of them. */
export interface StrictOptions {
  [oauth.allowInsecureRequests]?: boolean;
  [oauth.customFetch]?: (url: string, init: object) => Promise<Response>;
}

/** RFC 9728 from the resource, then RFC 8414 at the issuer that it names. */
export async function discoverStrictly(
  resource: URL,
  options: StrictOptions,
): Promise<oauth.AuthorizationServer> {
  const metadata = await oauth.processResourceDiscoveryResponse(
    resource,
    await oauth.resourceDiscoveryRequest(resource, options),
  );
  return discoverServer(metadata.authorization_servers?.[0] ?? '', options);
}

/** RFC 8414. */
export async function discoverServer(
  origin: string,
  options: StrictOptions,
): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(origin);
  const response = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' });
  return oauth.processDiscoveryResponse(issuer, response);
}

/** RFC 7591. @param metadata over that of a client with a code and a refresh grant */
export async function registerStrictly(
  server: oauth.AuthorizationServer,
  metadata: Partial<oauth.Client>,
  options: StrictOptions,
): Promise<oauth.Client> {
  const response = await oauth.dynamicClientRegistrationRequest(
    server,
    {
      client_name: 'oauth4webapi',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      ...metadata,
    },
    options,
  );
  return oauth.processDynamicClientRegistrationResponse(response);
}

export interface StrictFlow {
  server: oauth.AuthorizationServer;
  client: oauth.Client;
  clientAuth: oauth.ClientAuth;
  resource: URL;
  scope: string;
  options: StrictOptions;
  /** The person's browser. */
  browser?: typeof fetch;
}

/** The code flow with PKCE, `state`, `iss` (RFC 9207) and `resource` (RFC 8707). */
export async function codeFlowStrictly(flow: StrictFlow): Promise<oauth.TokenEndpointResponse> {
  const { server, client, resource, options, browser } = flow;
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(server.authorization_endpoint ?? '');
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: REDIRECT_URI,
    response_type: 'code',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    scope: flow.scope,
    resource: resource.href,
  }).toString();
  const back = await signIn(url.href, REDIRECT_URI, browser === undefined ? {} : { fetch: browser });
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    flow.clientAuth,
    oauth.validateAuthResponse(server, client, back, state),
    REDIRECT_URI,
    verifier,
    { ...options, additionalParameters: { resource: resource.href } },
  );
  return oauth.processAuthorizationCodeResponse(server, client, response);
}

/** RFC 6749 §6. */
export async function refreshStrictly(
  { server, client, clientAuth, options }: Pick<StrictFlow, 'server' | 'client' | 'clientAuth' | 'options'>,
  { refresh_token: token = '' }: oauth.TokenEndpointResponse,
): Promise<oauth.TokenEndpointResponse> {
  const response = await oauth.refreshTokenGrantRequest(server, client, clientAuth, token, options);
  return oauth.processRefreshTokenResponse(server, client, response);
}
