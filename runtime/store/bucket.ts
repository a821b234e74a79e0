/**
 * A token bucket as a pure function. The memory and the SQLite store run it; the Redis store's script says the same in
 * Lua, and the contract suite holds it to that.
 */
import type { BucketAnswer, BucketLimit } from './store.ts';

export interface BucketState {
  /** What is in it at `atMs`; fractions too. */
  tokens: number;
  /** Milliseconds since the epoch. */
  atMs: number;
}

/** What fractions lose, milliseconds: no reason to wait for another one. */
const ROUNDING = 1e-6;

/**
 * Takes up to `count` from the bucket.
 *
 * @param state undefined: a full one
 * @param count how many are asked for, at least one
 */
export function takeFrom(
  state: BucketState | undefined,
  { burst, perSecond }: BucketLimit,
  count: number,
  nowMs: number,
): { answer: BucketAnswer; state: BucketState } {
  const passedMs = state === undefined ? 0 : Math.max(nowMs - state.atMs, 0);
  const tokens = Math.min(burst, (state?.tokens ?? burst) + (passedMs / 1000) * perSecond);
  const granted = Math.min(count, Math.floor(tokens));
  return {
    answer: { granted, waitMs: granted > 0 ? 0 : Math.ceil(((1 - tokens) / perSecond) * 1000 - ROUNDING) },
    state: { tokens: tokens - granted, atMs: Math.max(nowMs, state?.atMs ?? nowMs) },
  };
}

/** How long until a bucket is full again and need not be kept, milliseconds. */
export function refillMs({ burst, perSecond }: BucketLimit): number {
  return Math.ceil((burst / perSecond) * 1000);
}
