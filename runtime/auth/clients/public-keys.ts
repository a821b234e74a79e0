/** The public keys of a client: a JWK Set, RFC 7517 §5, as it registers it (`jwks`) or serves it (`jwks_uri`). */
import { createPublicKey } from 'node:crypto';
import { z } from 'zod';

export type PublicKeys = { keys: Record<string, unknown>[] };

/** No client has more keys; a key set is searched for each assertion. */
const MAX_KEYS = 20;

const MIN_RSA_BITS = 2048;

export const publicKeysSchema = z.object({
  keys: z.array(z.record(z.string(), z.unknown())).min(1).max(MAX_KEYS),
});

/**
 * @returns why the keys may not register; undefined when they may. Keys of kinds that we do not use may stand beside
 *   those that we do (RFC 7517 §5: "Implementations SHOULD ignore JWKs within a JWK Set that use 'kty' values that are
 *   not understood by them").
 */
export function publicKeysProblem({ keys }: PublicKeys): string | undefined {
  // A private key that is sent to us is no longer one, and a symmetric one would be a secret that we did not give.
  if (keys.some((key) => key['kty'] === 'oct' || PRIVATE_MEMBERS.some((member) => member in key)))
    return 'jwks holds a private or symmetric key. Register public keys only, and replace that one.';
  if (!keys.some(isUsableKey))
    return `jwks holds no key for RS256 (RSA, ${MIN_RSA_BITS} bits or more) or ES256 (EC, P-256).`;
  return undefined;
}

/** RFC 7518 §6.2.2 and §6.3.2. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** @returns whether the JWK is a public key that can verify RS256 (RFC 7518 §3.3: 2048 bits or more) or ES256 */
export function isUsableKey(key: Record<string, unknown>): boolean {
  if (key['use'] !== undefined && key['use'] !== 'sig') return false;
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPublicKey({
      key,
      format: 'jwk',
    });
    if (type === 'rsa') return (details?.modulusLength ?? 0) >= MIN_RSA_BITS;
    return type === 'ec' && details?.namedCurve === 'prime256v1';
  } catch {
    return false;
  }
}
