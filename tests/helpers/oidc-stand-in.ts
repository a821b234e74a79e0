import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';

type Payload = JWTPayload & Record<string, unknown>;

export interface OidcStandIn {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** Whom it signs in: claims of the ID token beside its own. */
  claims: Record<string, unknown>;
  /** What UserInfo says; without it there is no such endpoint. */
  userInfo?: Record<string, unknown> | undefined;
  /** Over the discovery document. */
  metadata: Record<string, unknown>;
  /** Changes the claims of the ID token before it is signed. */
  forge?: ((claims: Payload) => Payload) | undefined;
  /** How the ID token is signed: by its own key, by another one under the same `kid`, not at all, or by the client secret. */
  signature: 'own' | 'foreign' | 'none' | 'hs256';
  /** Changes the redirect back to us. */
  answer?: ((query: URLSearchParams) => void) | undefined;
  down: boolean;
  /** Requests so far, by path. */
  seen: string[];
  close(): Promise<void>;
}

/**
 * An OpenID Connect issuer on loopback that can lie: it signs its person in without asking. What an honest one does is
 * tested with `oidc-provider`.
 *
 * @param path of the issuer, without a slash at its end
 */
export async function startOidcStandIn(path = ''): Promise<OidcStandIn> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const foreign = await generateKeyPair('RS256');
  const codes = new Map<string, { nonce: string; clientId: string; redirectUri: string }>();
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = origin + path;
  const oidc: OidcStandIn = {
    issuer,
    clientId: 'oidc-client',
    clientSecret: 'oidc-secret-that-is-long-enough-0123',
    claims: { sub: 'alice', email: 'alice@example.com', email_verified: true },
    metadata: {},
    signature: 'own',
    down: false,
    seen: [],
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin);
    oidc.seen.push(url.pathname);
    if (oidc.down) return void response.writeHead(503).end();
    switch (url.pathname.slice(path.length)) {
      case '/.well-known/openid-configuration':
        return json(response, metadata());
      case '/authorize':
        return authorize(url.searchParams, response);
      case '/token':
        return token(new URLSearchParams(await bodyOf(request)), response);
      case '/userinfo':
        return json(response, oidc.userInfo ?? {});
      case '/jwks':
        return json(response, {
          keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256', use: 'sig' }],
        });
      default:
        response.writeHead(404).end();
    }
  }

  function metadata(): Record<string, unknown> {
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      ...(oidc.userInfo !== undefined && { userinfo_endpoint: `${issuer}/userinfo` }),
      token_endpoint_auth_methods_supported: ['client_secret_post'],
      id_token_signing_alg_values_supported: ['RS256', 'none', 'HS256'],
      authorization_response_iss_parameter_supported: true,
      ...oidc.metadata,
    };
  }

  function authorize(query: URLSearchParams, response: ServerResponse): void {
    const code = randomBytes(16).toString('hex');
    const redirectUri = query.get('redirect_uri') ?? '';
    codes.set(code, {
      nonce: query.get('nonce') ?? '',
      clientId: query.get('client_id') ?? '',
      redirectUri,
    });
    const back = new URL(redirectUri);
    back.searchParams.set('code', code);
    back.searchParams.set('state', query.get('state') ?? '');
    back.searchParams.set('iss', issuer);
    oidc.answer?.(back.searchParams);
    response.writeHead(302, { location: back.href }).end();
  }

  async function token(form: URLSearchParams, response: ServerResponse): Promise<void> {
    const code = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    if (code === undefined || form.get('client_secret') !== oidc.clientSecret) {
      return json(response, { error: 'invalid_grant' }, 400);
    }
    const now = Math.floor(Date.now() / 1000);
    const honest: Payload = {
      ...{ iss: issuer, aud: code.clientId, nonce: code.nonce, iat: now, exp: now + 300 },
      ...oidc.claims,
    };
    const claims = oidc.forge?.(honest) ?? honest;
    json(response, { access_token: 'at', token_type: 'Bearer', id_token: await signed(claims) });
  }

  function signed(claims: Payload): Promise<string> | string {
    switch (oidc.signature) {
      case 'none':
        return new UnsecuredJWT(claims).encode();
      case 'hs256':
        return new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256', kid: 'k' })
          .sign(new TextEncoder().encode(oidc.clientSecret));
      case 'foreign':
        return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k' }).sign(foreign.privateKey);
      case 'own':
        return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k' }).sign(privateKey);
    }
  }

  return oidc;
}

function json(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}
