/** A client that signs assertions about itself (RFC 7523). */
import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { SignJWT, type JWTPayload } from 'jose';
import { JWT_BEARER } from '../../runtime/auth/clients/client-assertion.ts';

export interface SigningClient {
  alg: string;
  kid: string;
  privateKey: KeyObject;
  /** As in a JWK Set. */
  publicJwk: Record<string, unknown>;
}

export function makeSigningClient(
  alg: 'RS256' | 'ES256' = 'ES256',
  kid: string = randomUUID(),
): SigningClient {
  const { publicKey, privateKey } =
    alg === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    alg,
    kid,
    privateKey,
    publicJwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' },
  };
}

export interface AssertionOptions {
  /** Over the claims; `undefined` leaves one out. */
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
}

export function signAssertion(
  { alg, kid, privateKey }: SigningClient,
  clientId: string,
  audience: string,
  nowMs: number,
  options: AssertionOptions = {},
): Promise<string> {
  const iat = Math.floor(nowMs / 1000);
  const claims: JWTPayload = {
    iss: clientId,
    sub: clientId,
    aud: audience,
    iat,
    exp: iat + 60,
    jti: randomUUID(),
    ...options.claims,
  };
  return new SignJWT(claims).setProtectedHeader({ alg, kid, ...options.header }).sign(privateKey);
}

/** What goes into a token request. */
export function assertionForm(assertion: string): Record<string, string> {
  return { client_assertion_type: JWT_BEARER, client_assertion: assertion };
}
