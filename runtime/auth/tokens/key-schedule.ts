/** When a signing key signs and how long it verifies: pure functions of the keys in the store, newest first. */
import type { KeyRecord } from '../../store/store.ts';

/**
 * How long a new key is published before it signs, in milliseconds: twice as long as a resource server may keep the JWKS
 * (`CACHE_SECONDS`), so that each has it by then.
 */
export const PUBLISHED_AHEAD_MS = 600_000;

/**
 * How soon a new key signs that is to sign at once, in milliseconds. A replica that meets a key it does not know looks
 * into the store, but at the most once a second (`find`); so by then each of them has it.
 */
export const AT_ONCE_MS = 2_000;

/** What replicas' clocks may differ by, in milliseconds. */
const SLACK_MS = 60_000;

export type KeyState = 'next' | 'signs' | 'verifies';

export interface ScheduledKey {
  record: KeyRecord;
  /** `next`: published, and signs later. `verifies`: signs no more, but tokens of it are out. */
  state: KeyState;
  signsFromMs: number;
  /** When the last token of it has ended; only where it signs no more. */
  endsAtMs?: number;
}

/**
 * @param records newest first, at least one
 * @param tokenLifetimeMs how long an access token lives
 * @returns the same keys in the same order; one of them signs
 */
export function scheduleKeys(
  records: readonly KeyRecord[],
  tokenLifetimeMs: number,
  nowMs: number,
): ScheduledKey[] {
  const found = records.findIndex((record) => signsFrom(record) <= nowMs);
  // When only keys of the future are left, the oldest of them has to do.
  const signing = found === -1 ? records.length - 1 : found;
  return records.map((record, index) => {
    const signsFromMs = signsFrom(record);
    if (index < signing) return { record, state: 'next', signsFromMs };
    if (index === signing) return { record, state: 'signs', signsFromMs };
    const successor = records[index - 1] ?? record;
    return {
      record,
      state: 'verifies',
      signsFromMs,
      endsAtMs: signsFrom(successor) + tokenLifetimeMs + SLACK_MS,
    };
  });
}

function signsFrom({ signsFromMs, createdAtMs }: KeyRecord): number {
  return signsFromMs ?? createdAtMs;
}
