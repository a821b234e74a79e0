/**
 * The signing keys: RSA with RS256 (RFC 7518 §3.3), named by `kid` (RFC 7517 §4.5), in the store with their private
 * half sealed (security invariant 9). The newest one signs, all of them verify, so that keys rotate with overlap.
 *
 * RFC 7518 §3.3: "A key of size 2048 bits or larger MUST be used with these algorithms."
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint } from 'jose';
import type { KeyRecord, Store } from '../../store/store.ts';
import type { Sealer } from '../sealing.ts';

/** Another replica's new key is asked for at the most this often, whatever `kid` a caller makes up. */
const RELOAD_AT_MOST_EVERY_MS = 1_000;

/** A new signing key is noticed within this time. */
const RELOAD_AFTER_MS = 60_000;

export interface SigningKey {
  kid: string;
  privateKey: KeyObject;
}

/** The public members of a JWK, as the JWKS shows them (RFC 7517 §4). */
export type PublicJwk = JsonWebKey & { kid: string; use: 'sig'; alg: 'RS256' };

export interface KeySet {
  /** The key that signs now. */
  signing(): SigningKey;
  /** @returns the public key, or undefined when this process does not know the `kid` */
  known(kid: string): KeyObject | undefined;
  /** Like `known`, but looks into the store for a key that another replica added. */
  find(kid: string): Promise<KeyObject | undefined>;
  /** RFC 7517 §5. */
  jwks(): { keys: PublicJwk[] };
  /** Looks for new keys in the background, when the last look is a while ago. */
  refresh(): void;
}

export interface KeySetOptions {
  store: Store;
  sealer: Sealer;
  /** PEM; seeds an empty key set. Without it a key is generated. */
  seedPrivateKeyPem?: string | undefined;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** The store belongs to another root secret; the message says what to do. */
export class ForeignKeysError extends Error {
  override name = 'ForeignKeysError';
}

interface LoadedKeys {
  signing: SigningKey;
  publicKeys: Map<string, KeyObject>;
  jwks: { keys: PublicJwk[] };
}

/**
 * Loads the keys, and seeds the set when it is empty.
 *
 * @throws Error when the seed is no RSA key of 2048 bits or more; ForeignKeysError when the stored keys were sealed under
 *   another root secret; StoreUnavailableError
 */
export async function loadKeySet({ store, sealer, seedPrivateKeyPem, now }: KeySetOptions): Promise<KeySet> {
  let records = await store.listKeys();
  if (records.length === 0) {
    records = await store.seedKey(await sealKey(await seedKey(seedPrivateKeyPem), sealer, now()));
  }
  let loaded = openKeys(records, sealer);
  let loadedAtMs = now();
  let loading: Promise<void> | undefined;

  const reload = (): Promise<void> =>
    (loading ??= store
      .listKeys()
      .then((current) => {
        if (current.length > 0) loaded = openKeys(current, sealer);
        loadedAtMs = now();
      })
      .finally(() => (loading = undefined)));

  return {
    signing: () => loaded.signing,
    known: (kid) => loaded.publicKeys.get(kid),
    find: async (kid) => {
      const key = loaded.publicKeys.get(kid);
      if (key !== undefined || now() - loadedAtMs < RELOAD_AT_MOST_EVERY_MS) return key;
      await reload();
      return loaded.publicKeys.get(kid);
    },
    jwks: () => loaded.jwks,
    refresh: () => {
      // A store that does not answer leaves the keys as they are; the next look tries again.
      if (now() - loadedAtMs > RELOAD_AFTER_MS) void reload().catch(() => undefined);
    },
  };
}

async function seedKey(pem: string | undefined): Promise<KeyObject> {
  if (pem === undefined) {
    const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
    return privateKey;
  }
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

async function sealKey(privateKey: KeyObject, sealer: Sealer, createdAtMs: number): Promise<KeyRecord> {
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
    createdAtMs,
  };
}

function openKeys(records: readonly KeyRecord[], sealer: Sealer): LoadedKeys {
  const [newest] = records;
  if (newest === undefined) throw new Error('The store holds no signing key.');
  const jwks = records.map(toPublicJwk);
  return {
    signing: { kid: newest.kid, privateKey: openPrivateKey(newest, sealer) },
    publicKeys: new Map(jwks.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })])),
    jwks: { keys: jwks },
  };
}

function openPrivateKey(record: KeyRecord, sealer: Sealer): KeyObject {
  try {
    return createPrivateKey(sealer.open(record.sealedPrivateKey, about(record.kid)));
  } catch {
    throw new ForeignKeysError(
      'The signing keys in the store were sealed under another GATEWAY_JWT_SECRET. Put the former secret back, or empty the store and let everybody sign in again.',
    );
  }
}

/** Names the public members one by one: a private one could never slip into the JWKS. */
function toPublicJwk({ kid, publicJwk: { n, e } }: KeyRecord): PublicJwk {
  return { kty: 'RSA', n: String(n), e: String(e), kid, use: 'sig', alg: 'RS256' };
}

function about(kid: string): string {
  return `signing-key:${kid}`;
}
