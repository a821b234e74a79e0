/**
 * The signing keys: RSA with RS256 (RFC 7518 §3.3), named by `kid` (RFC 7517 §4.5), in the store with their private
 * half sealed (security invariant 9). One signs and the others verify, so that keys rotate with overlap
 * (`key-schedule.ts`). What other replicas change is told by the store, and looked for once a second all the same.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { KeyRecord, Store } from '../../store/store.ts';
import { createTokenBucket } from '../limits/token-bucket.ts';
import type { Sealer } from '../sealing.ts';
import {
  generateKey,
  openPrivateKey,
  parseSeed,
  sealKey,
  toPublicJwk,
  type PublicJwk,
} from './key-record.ts';
import {
  removeKey,
  rotateKeys,
  type KeyChanges,
  type Rotation,
  type RotationOutcome,
  type Rotator,
} from './key-rotation.ts';
import { scheduleKeys, type ScheduledKey } from './key-schedule.ts';

export { ForeignKeysError, type PublicJwk } from './key-record.ts';

/** How often the store is asked for a `kid` that nobody here knows: callers can make up as many as they like. */
const LOOKS_FOR_UNKNOWN = { burst: 5, perSecond: 1 };

/** A change that nobody told of is noticed within this time, in milliseconds. */
const RELOAD_AFTER_MS = 1_000;

/** How often a process sees to rotation and removal, in milliseconds. */
const TEND_AFTER_MS = 60_000;

export interface SigningKey {
  kid: string;
  privateKey: KeyObject;
}

export interface KeySet {
  /** The key that signs now. */
  signing(): SigningKey;
  /** @returns the public key, or undefined when this process does not know the `kid` */
  known(kid: string): KeyObject | undefined;
  /** Like `known`, but looks into the store for a key that another replica added. */
  find(kid: string): Promise<KeyObject | undefined>;
  /** RFC 7517 §5, the key that signs first. */
  jwks(): { keys: PublicJwk[] };
  /** Looks for changes in the background, when the last look is a while ago; rotates by age, and removes what has ended. */
  refresh(): void;
  /** Newest first. */
  list(): ScheduledKey[];
  /** @throws StoreUnavailableError */
  rotate(rotation: Rotation): Promise<RotationOutcome>;
  /** Stops listening to the store. */
  close(): void;
}

export interface KeySetOptions {
  store: Store;
  sealer: Sealer;
  /** PEM; seeds an empty key set. Without it a key is generated. */
  seedPrivateKeyPem?: string | undefined;
  /** How long the access tokens live, in milliseconds. Default: the longest that can be configured. */
  tokenLifetimeMs?: number;
  /** A key of this age gets a successor, in milliseconds. 0: never. */
  rotateAfterMs?: number;
  /** Hears of every key that this process made, brought forward or removed; not of the seed. */
  changed?: KeyChanges;
  /** Milliseconds since the epoch. */
  now: () => number;
}

interface LoadedKeys {
  /** Newest first. */
  records: KeyRecord[];
  publicKeys: Map<string, KeyObject>;
  /** Opened as they are needed. */
  privateKeys: Map<string, KeyObject>;
}

const WEEK_MS = 7 * 86_400_000;

/**
 * Loads the keys, and seeds the set when it is empty.
 *
 * @throws Error when the seed is no RSA key of 2048 bits or more; ForeignKeysError when the stored keys were sealed under
 *   another root secret; StoreUnavailableError
 */
export async function loadKeySet(options: KeySetOptions): Promise<KeySet> {
  const { store, sealer, now, tokenLifetimeMs = WEEK_MS } = options;
  let loadedAtMs = now();
  let loaded = openKeys(await listOrSeed(options), sealer);
  let loading: Promise<void> | undefined;
  let tendedAtMs = now();
  const looks = createTokenBucket(LOOKS_FOR_UNKNOWN, now);

  const load = async (): Promise<void> => {
    // What is read may be older than the answer, so its age counts from before the question.
    const askedAtMs = now();
    const records = await store.listKeys();
    // An empty set is a store that was emptied under us: what was known goes on until a restart seeds anew.
    if (records.length > 0 && !isSame(records, loaded.records)) loaded = openKeys(records, sealer, loaded);
    loadedAtMs = askedAtMs;
  };
  const reload = (): Promise<void> => (loading ??= load().finally(() => (loading = undefined)));
  // A store that does not answer leaves the keys as they are; the next look tries again.
  const reloadLater = (): void => void reload().catch(() => undefined);
  const schedule = (): ScheduledKey[] => scheduleKeys(loaded.records, tokenLifetimeMs, now());
  const signingRecord = (): KeyRecord => {
    const nowMs = now();
    const { records } = loaded;
    for (const record of records) if ((record.signsFromMs ?? record.createdAtMs) <= nowMs) return record;
    return records.at(-1) as KeyRecord;
  };

  const stop = store.subscribe(({ kind }) => {
    if (kind !== 'keys' && kind !== 'all') return;
    // One that is under way may have read before the change.
    if (loading === undefined) reloadLater();
    else void loading.catch(() => undefined).then(reloadLater);
  });

  return {
    signing: () => {
      const record = signingRecord();
      let privateKey = loaded.privateKeys.get(record.kid);
      if (privateKey === undefined)
        loaded.privateKeys.set(record.kid, (privateKey = openPrivateKey(record, sealer)));
      return { kid: record.kid, privateKey };
    },
    known: (kid) => loaded.publicKeys.get(kid),
    find: async (kid) => {
      await loading;
      if (!loaded.publicKeys.has(kid) && looks.take() === 0) await reload();
      return loaded.publicKeys.get(kid);
    },
    jwks: () => {
      const { kid } = signingRecord();
      const others = loaded.records.filter((record) => record.kid !== kid);
      return { keys: [signingRecord(), ...others].map(toPublicJwk) };
    },
    refresh: () => {
      if (now() - loadedAtMs >= RELOAD_AFTER_MS) reloadLater();
      if (now() - tendedAtMs < TEND_AFTER_MS) return;
      tendedAtMs = now();
      void tend(options, schedule()).catch(() => undefined);
    },
    list: schedule,
    rotate: async (rotation) => {
      const outcome = await rotateKeys(rotatorOf(options), rotation, reasonOf(rotation));
      await loading?.catch(() => undefined);
      await reload();
      return outcome;
    },
    close: stop,
  };
}

function rotatorOf({ store, sealer, now, changed = () => undefined }: KeySetOptions): Rotator {
  return { store, sealer, now, changed };
}

function reasonOf({ atOnce, revokeOld }: Rotation): string {
  if (revokeOld === true) return 'former keys removed';
  return atOnce === true ? 'at once' : 'in turn';
}

/** Gives a key that is old a successor, and removes those whose tokens have ended. Every replica may: both steps are idempotent. */
async function tend(options: KeySetOptions, keys: ScheduledKey[]): Promise<void> {
  const { now, rotateAfterMs = 0 } = options;
  for (const { record, endsAtMs = Infinity } of keys)
    if (endsAtMs <= now()) await removeKey(rotatorOf(options), record.kid);
  const [newest] = keys;
  if (rotateAfterMs === 0 || newest === undefined || newest.record.createdAtMs + rotateAfterMs > now())
    return;
  await rotateKeys(rotatorOf(options), {}, 'the last one has reached its age');
}

async function listOrSeed({ store, sealer, seedPrivateKeyPem, now }: KeySetOptions): Promise<KeyRecord[]> {
  const records = await store.listKeys();
  if (records.length > 0) return records;
  const key = seedPrivateKeyPem === undefined ? await generateKey() : parseSeed(seedPrivateKeyPem);
  return store.seedKey(await sealKey(key, sealer, { createdAtMs: now() }));
}

/** @param former whose keys are taken over where they are the same */
function openKeys(records: KeyRecord[], sealer: Sealer, former?: LoadedKeys): LoadedKeys {
  const [newest] = records;
  if (newest === undefined) throw new Error('The store holds no signing key.');
  const publicKeyOf = (record: KeyRecord): KeyObject =>
    former?.publicKeys.get(record.kid) ?? createPublicKey({ key: toPublicJwk(record), format: 'jwk' });
  const privateKeys = new Map<string, KeyObject>();
  for (const { kid } of records) {
    const opened = former?.privateKeys.get(kid);
    if (opened !== undefined) privateKeys.set(kid, opened);
  }
  // At once, so that a store of another root secret is found out by the start, not by the first token.
  if (!privateKeys.has(newest.kid)) privateKeys.set(newest.kid, openPrivateKey(newest, sealer));
  return {
    records,
    publicKeys: new Map(records.map((record) => [record.kid, publicKeyOf(record)])),
    privateKeys,
  };
}

function isSame(some: readonly KeyRecord[], others: readonly KeyRecord[]): boolean {
  return (
    some.length === others.length &&
    some.every(
      ({ kid, signsFromMs }, index) =>
        kid === others[index]?.kid && signsFromMs === others[index].signsFromMs,
    )
  );
}
