/**
 * How much strangers may have stored, whoever they are: any page on the web can register clients here and open
 * authorization requests, at a gateway on localhost too. One bucket for each kind of record. There is none for each
 * address: behind an edge all requests come from the edge's, and a header is no proof of another one.
 */
import type { Logger } from '../../config/log.ts';
import { TooManyRequestsError } from '../errors.ts';
import { DEFAULT_RATE_LIMITS, type RateLimits } from '../settings.ts';
import { createTokenBucket } from './token-bucket.ts';

/** A flood is worth a line in the log, not a line for each of its requests. */
const WARN_EVERY_MS = 60_000;

export interface Limiter {
  /**
   * To be called right before something is stored, so that what is refused anyway costs nobody else a place.
   *
   * @throws TooManyRequestsError
   */
  admit(kind: keyof RateLimits): void;
}

/** @param now clock, milliseconds since the epoch */
export function createLimiter(
  limits: Partial<RateLimits> | undefined,
  logger: Logger,
  now: () => number,
): Limiter {
  const all: RateLimits = { ...DEFAULT_RATE_LIMITS, ...limits };
  const buckets = {
    registrations: createTokenBucket(all.registrations, now),
    authorizations: createTokenBucket(all.authorizations, now),
    signIns: createTokenBucket(all.signIns, now),
    passphrases: createTokenBucket(all.passphrases, now),
  };
  const warnedAtMs = new Map<keyof RateLimits, number>();
  return {
    admit: (kind) => {
      const waitMs = buckets[kind].take();
      if (waitMs === 0) return;
      if (Math.abs(now() - (warnedAtMs.get(kind) ?? -Infinity)) >= WARN_EVERY_MS) {
        warnedAtMs.set(kind, now());
        logger.warn(
          { event: 'rate_limited', kind, ...all[kind] },
          `too many ${kind} at once; some are refused`,
        );
      }
      throw new TooManyRequestsError(Math.ceil(waitMs / 1000), `rate limit of ${kind}`);
    },
  };
}
