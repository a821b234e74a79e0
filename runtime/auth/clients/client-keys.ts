/** The keys that a client signs with, from its `jwks` or fetched from its `jwks_uri` (RFC 7517 §5). */
import {
  createLocalJWKSet,
  errors,
  type CryptoKey,
  type JWSHeaderParameters,
  type JSONWebKeySet,
} from 'jose';
import type { ClientMetadata, DocumentRecord } from '../../store/store.ts';
import type { Documents } from './documents.ts';
import { isUsableKey, publicKeysSchema } from './public-keys.ts';

/**
 * @returns the key that a JWS header asks for
 * @throws errors.JOSEError where there is none or more than one, DocumentError, StoreUnavailableError
 */
export type FindKey = (header: JWSHeaderParameters) => Promise<CryptoKey>;

export function clientKeys(documents: Documents, { jwks, jwks_uri: url }: ClientMetadata): FindKey {
  return async (header) => {
    if (jwks !== undefined) return find(jwks, header);
    if (url === undefined) throw new errors.JWKSNoMatchingKey();
    const document = await documents.get(url);
    try {
      return await find(read(document), header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // A client that has just rotated signs with a key that we have not seen yet.
      const renewed = await documents.renew(url, document);
      if (renewed === undefined) throw error;
      return find(read(renewed), header);
    }
  };
}

function find(
  { keys }: { keys: Record<string, unknown>[] },
  header: JWSHeaderParameters,
): Promise<CryptoKey> {
  const usable = keys.filter(isUsableKey) as unknown as JSONWebKeySet['keys'];
  return createLocalJWKSet({ keys: usable })(header);
}

function read({ body }: DocumentRecord): { keys: Record<string, unknown>[] } {
  try {
    const parsed = publicKeysSchema.safeParse(JSON.parse(body));
    if (parsed.success) return parsed.data;
  } catch {
    // It is no JSON: there are no keys in it.
  }
  throw new errors.JWKSInvalid();
}
