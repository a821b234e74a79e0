/** A token bucket: a burst at once, then a steady rate. It is of one process; replicas each have their own. */

export interface RateLimit {
  /** How many at once after a quiet time. */
  burst: number;
  /** How many a second in the long run. */
  perSecond: number;
}

export interface TokenBucket {
  /** Takes one token. @returns 0 where there was one, otherwise the milliseconds until there is */
  take(): number;
}

/** @param now clock, milliseconds since the epoch */
export function createTokenBucket({ burst, perSecond }: RateLimit, now: () => number): TokenBucket {
  let tokens = burst;
  let filledAtMs = now();
  return {
    take: () => {
      const nowMs = now();
      // A clock that was set back fills nothing, and the time until it has caught up is not waited for.
      const elapsedMs = Math.max(nowMs - filledAtMs, 0);
      filledAtMs = nowMs;
      tokens = Math.min(burst, tokens + (elapsedMs * perSecond) / 1000);
      if (tokens < 1) return Math.ceil(((1 - tokens) * 1000) / perSecond);
      tokens -= 1;
      return 0;
    },
  };
}
