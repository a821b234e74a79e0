/** A signing key as the store keeps it: the public half readable, the private one sealed (security invariant 9). */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint } from 'jose';
import type { KeyRecord } from '../../store/store.ts';
import type { Sealer } from '../sealing.ts';

/** The public members of a JWK, as the JWKS shows them (RFC 7517 §4). */
export type PublicJwk = JsonWebKey & { kid: string; use: 'sig'; alg: 'RS256' };

/** The store belongs to another root secret; the message says what to do. */
export class ForeignKeysError extends Error {
  override name = 'ForeignKeysError';
}

/** RFC 7518 §3.3: "A key of size 2048 bits or larger MUST be used with these algorithms." */
export async function generateKey(): Promise<KeyObject> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return privateKey;
}

/** @throws Error when it is no RSA key of 2048 bits or more */
export function parseSeed(pem: string): KeyObject {
  const key = parsePem(pem);
  if (key.asymmetricKeyType !== 'rsa')
    throw new Error('JWT_PRIVATE_KEY_B64 holds no RSA key; RS256 needs one.');
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) {
    throw new Error('JWT_PRIVATE_KEY_B64 holds an RSA key of less than 2048 bits; make a longer one.');
  }
  return key;
}

function parsePem(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Error('JWT_PRIVATE_KEY_B64 is no PEM of a private key, base64-encoded.');
  }
}

export async function sealKey(
  privateKey: KeyObject,
  sealer: Sealer,
  times: { createdAtMs: number; signsFromMs?: number },
): Promise<KeyRecord> {
  const { kty, n, e } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (kty === undefined || n === undefined || e === undefined)
    throw new Error('The key has no RSA public half.');
  // RFC 7638: the same key has the same name in every replica.
  const kid = await calculateJwkThumbprint({ kty, n, e });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    kid,
    sealedPrivateKey: sealer.seal(pem, about(kid)),
    publicJwk: { kty, n, e, kid, use: 'sig', alg: 'RS256' },
    ...times,
  };
}

/** @throws ForeignKeysError */
export function openPrivateKey(record: KeyRecord, sealer: Sealer): KeyObject {
  try {
    return createPrivateKey(sealer.open(record.sealedPrivateKey, about(record.kid)));
  } catch {
    throw new ForeignKeysError(
      'The signing keys in the store were sealed under another GATEWAY_JWT_SECRET. Put the former secret back, or empty the store and let everybody sign in again.',
    );
  }
}

/** Names the public members one by one: a private one could never slip into the JWKS. */
export function toPublicJwk({ kid, publicJwk: { n, e } }: KeyRecord): PublicJwk {
  return { kty: 'RSA', n: String(n), e: String(e), kid, use: 'sig', alg: 'RS256' };
}

function about(kid: string): string {
  return `signing-key:${kid}`;
}
