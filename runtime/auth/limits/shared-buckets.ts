/**
 * Token buckets that all replicas share through the store, at a cost that the hot paths can bear. A process lets the first
 * few through without asking and settles that later; after that it takes several at a time; and what it was told to wait
 * for, it refuses without asking again. So a quiet caller costs the store nothing, and so does a flood.
 */
import { StoreUnavailableError, type BucketLimit, type Store } from '../../store/store.ts';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

export interface SharedBuckets {
  /**
   * Takes one.
   *
   * @returns 0 where there was one, otherwise the milliseconds until there may be; at once where nobody has to be asked
   * @throws StoreUnavailableError for a bucket that is told to `refuse`
   */
  take(name: string, limit: BucketLimit, storeDown: 'count-alone' | 'refuse'): number | Promise<number>;
  /** @returns the milliseconds until there may be one, as far as is known here */
  waitMs(name: string): number;
}

/** How many buckets a process remembers; those that were not used for longest go first. */
const MAX_REMEMBERED = 20_000;

/** This part of a burst is taken at a time; of a small one, each is asked for. */
const LEASE_PART = 8;

/** How long a store that did not answer is left alone, in milliseconds. */
const STORE_PAUSE_MS = 1_000;

interface Bucket {
  /** Let through and not yet settled. */
  owed: number;
  /** Taken and not yet used. */
  paid: number;
  /** Until then nothing goes through on credit: the store was asked lately. */
  settledUntilMs: number;
  blockedUntilMs: number;
  asking?: Promise<void> | undefined;
  /** While the store is down. */
  alone?: { bucket: TokenBucket; untilMs: number };
}

/** @param now clock, milliseconds since the epoch */
export function createSharedBuckets(store: Pick<Store, 'takeFromBucket'>, now: () => number): SharedBuckets {
  const buckets = createMemory();

  /** @returns undefined where the store has to be asked */
  const takeHere = (bucket: Bucket, limit: BucketLimit): number | undefined => {
    const nowMs = now();
    if (bucket.blockedUntilMs > nowMs) return bucket.blockedUntilMs - nowMs;
    if (bucket.paid >= 1) {
      bucket.paid -= 1;
      return 0;
    }
    if (bucket.alone !== undefined && nowMs < bucket.alone.untilMs) return bucket.alone.bucket.take();
    if (nowMs < bucket.settledUntilMs || bucket.owed + 1 > leaseOf(limit)) return undefined;
    bucket.owed += 1;
    return 0;
  };

  const ask = async (name: string, bucket: Bucket, limit: BucketLimit): Promise<void> => {
    const count = bucket.owed + Math.max(leaseOf(limit), 1);
    const { granted, waitMs } = await store.takeFromBucket(name, limit, count);
    const nowMs = now();
    delete bucket.alone;
    bucket.settledUntilMs = nowMs + (limit.burst / limit.perSecond) * 1000;
    bucket.paid += Math.max(granted - bucket.owed, 0);
    bucket.owed = Math.max(bucket.owed - granted, 0);
    if (bucket.paid < 1) bucket.blockedUntilMs = nowMs + (waitMs > 0 ? waitMs : 1000 / limit.perSecond);
  };

  const takeThere = async (
    name: string,
    bucket: Bucket,
    limit: BucketLimit,
    storeDown: 'count-alone' | 'refuse',
  ): Promise<number> => {
    for (;;) {
      try {
        await (bucket.asking ??= ask(name, bucket, limit).finally(() => (bucket.asking = undefined)));
      } catch (error) {
        if (!(error instanceof StoreUnavailableError) || storeDown === 'refuse') throw error;
        bucket.alone = {
          bucket: bucket.alone?.bucket ?? createTokenBucket(limit, now),
          untilMs: now() + STORE_PAUSE_MS,
        };
      }
      const waitMs = takeHere(bucket, limit);
      if (waitMs !== undefined) return waitMs;
    }
  };

  return {
    take: (name, limit, storeDown) => {
      const bucket = buckets.get(name);
      return takeHere(bucket, limit) ?? takeThere(name, bucket, limit, storeDown);
    },
    waitMs: (name) => Math.max((buckets.peek(name)?.blockedUntilMs ?? 0) - now(), 0),
  };
}

/** Two generations: what is used moves to the young one, and when that is full the old one goes as a whole. */
function createMemory() {
  let young = new Map<string, Bucket>();
  let old = new Map<string, Bucket>();
  return {
    peek: (name: string): Bucket | undefined => young.get(name) ?? old.get(name),
    get: (name: string): Bucket => {
      const known = young.get(name);
      if (known !== undefined) return known;
      const bucket = old.get(name) ?? { owed: 0, paid: 0, settledUntilMs: 0, blockedUntilMs: 0 };
      if (young.size >= MAX_REMEMBERED / 2) {
        old = young;
        young = new Map();
      }
      young.set(name, bucket);
      return bucket;
    },
  };
}

function leaseOf({ burst }: BucketLimit): number {
  return burst < 2 * LEASE_PART ? 0 : Math.floor(burst / LEASE_PART);
}
