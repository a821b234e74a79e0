/**
 * A new signing key in place of the present one, without a restart. It is published before it signs, and the one before it
 * verifies until its tokens have ended, so no token is refused on the way. Of replicas that rotate at the same moment one
 * makes the key.
 */
import type { KeyRecord, Store } from '../../store/store.ts';
import type { Sealer } from '../sealing.ts';
import { generateKey, sealKey } from './key-record.ts';
import { AT_ONCE_MS, PUBLISHED_AHEAD_MS } from './key-schedule.ts';

export interface Rotation {
  /** Sign with the new key in two seconds, before all who keep the JWKS have it. */
  atOnce?: boolean;
  /** For a private key that leaked: remove all former keys, which ends every access token. Implies `atOnce`. */
  revokeOld?: boolean;
}

/**
 * `rotated`: there is a new key, or the next one signs at once now. `pending`: there is one already that will sign.
 * `busy`: somebody else is rotating.
 */
export type RotationOutcome = 'rotated' | 'pending' | 'busy';

/** How long others wait for one who rotates before they take over, in milliseconds: it may have died. */
const CLAIM_MS = 60_000;

export interface Rotator {
  store: Store;
  sealer: Sealer;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** @throws StoreUnavailableError */
export async function rotateKeys(
  { store, sealer, now }: Rotator,
  { atOnce = false, revokeOld = false }: Rotation,
): Promise<RotationOutcome> {
  const records = await store.listKeys();
  const [newest] = records;
  const isPending = newest?.signsFromMs !== undefined && newest.signsFromMs > now();
  if (isPending && !revokeOld) return atOnce ? advance({ store, now }, newest) : 'pending';
  // For each newest key one of all replicas makes the next.
  const claim = `rotate-keys:${newest?.kid ?? 'none'}`;
  if (!(await store.addRecord('once', claim, { expiresAtMs: now() + CLAIM_MS }))) return 'busy';
  const createdAtMs = Math.max(now(), (newest?.createdAtMs ?? 0) + 1);
  const aheadMs = revokeOld ? 0 : atOnce ? AT_ONCE_MS : PUBLISHED_AHEAD_MS;
  const privateKey = await generateKey();
  await store.putKey(await sealKey(privateKey, sealer, { createdAtMs, signsFromMs: now() + aheadMs }));
  if (revokeOld) for (const { kid } of records) await store.deleteKey(kid);
  return 'rotated';
}

/** A key that waits for its turn gets it now. */
async function advance(
  { store, now }: Pick<Rotator, 'store' | 'now'>,
  next: KeyRecord,
): Promise<RotationOutcome> {
  const signsFromMs = Math.min(now() + AT_ONCE_MS, next.signsFromMs ?? 0);
  await store.putKey({ ...next, signsFromMs });
  return 'rotated';
}
