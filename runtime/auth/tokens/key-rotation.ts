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

/** Told by the one replica that changed something; the names are those of the audit trail. */
export type KeyChanges = (
  event: 'key_rotated' | 'key_removed',
  change: { kid: string; reason: string },
) => void;

export interface Rotator {
  store: Store;
  sealer: Sealer;
  changed: KeyChanges;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * @param reason in words for the audit trail
 * @throws StoreUnavailableError
 */
export async function rotateKeys(
  { store, sealer, changed, now }: Rotator,
  { atOnce = false, revokeOld = false }: Rotation,
  reason: string,
): Promise<RotationOutcome> {
  const records = await store.listKeys();
  const [newest] = records;
  const isPending = newest?.signsFromMs !== undefined && newest.signsFromMs > now();
  if (isPending && !revokeOld) return atOnce ? advance({ store, changed, now }, newest, reason) : 'pending';
  // For each newest key one of all replicas makes the next.
  const claim = `rotate-keys:${newest?.kid ?? 'none'}`;
  if (!(await store.addRecord('once', claim, { expiresAtMs: now() + CLAIM_MS }))) return 'busy';
  const createdAtMs = Math.max(now(), (newest?.createdAtMs ?? 0) + 1);
  const aheadMs = revokeOld ? 0 : atOnce ? AT_ONCE_MS : PUBLISHED_AHEAD_MS;
  const next = await sealKey(await generateKey(), sealer, { createdAtMs, signsFromMs: now() + aheadMs });
  await store.putKey(next);
  changed('key_rotated', { kid: next.kid, reason });
  if (!revokeOld) return 'rotated';
  for (const { kid } of records) {
    await store.deleteKey(kid);
    changed('key_removed', { kid, reason });
  }
  return 'rotated';
}

/** A key that waits for its turn gets it now. */
async function advance(
  { store, changed, now }: Pick<Rotator, 'store' | 'changed' | 'now'>,
  next: KeyRecord,
  reason: string,
): Promise<RotationOutcome> {
  const signsFromMs = Math.min(now() + AT_ONCE_MS, next.signsFromMs ?? 0);
  await store.putKey({ ...next, signsFromMs });
  changed('key_rotated', { kid: next.kid, reason });
  return 'rotated';
}

/**
 * Removes a key whose tokens have all ended. Every replica finds it out; the first one tells.
 *
 * @throws StoreUnavailableError
 */
export async function removeKey({ store, changed, now }: Rotator, kid: string): Promise<void> {
  const first = await store.addRecord('once', `remove-key:${kid}`, { expiresAtMs: now() + CLAIM_MS });
  await store.deleteKey(kid);
  if (first) changed('key_removed', { kid, reason: 'all of its tokens have ended' });
}
