/**
 * Who may ask for how much: the rules of `rules.ts`, counted in buckets that all replicas share. RFC 6585 §4: 429 with
 * `Retry-After`. OAuth has no error code for it; `temporarily_unavailable` (RFC 6749 §4.1.2.1) is the one that says "a
 * temporary overloading", and the status tells clients more.
 */
import type { Audit } from '../audit/audit.ts';
import { networkOf, type Caller } from '../caller.ts';
import { TooManyRequestsError } from '../errors.ts';
import { sha256 } from '../hashing.ts';
import { limitsOf, RULES, type Limit, type LimitKind, type LimitName, type RateLimits } from './rules.ts';
import type { SharedBuckets } from './shared-buckets.ts';

/** A flood is worth a line in the log, not a line for each of its requests. */
const WARN_EVERY_MS = 60_000;

/** Whom it is about, beside the address, which is known. */
export interface Limited {
  /** A client's id, as it came. */
  client?: string | undefined;
  grant?: string | undefined;
}

export interface Limiter {
  /**
   * To be called right before something is done, so that what is refused anyway costs nobody else a place. Costs no
   * promise where the store need not be asked.
   *
   * @throws TooManyRequestsError; StoreUnavailableError where the rule is to refuse
   */
  admit(kind: LimitKind, limited?: Limited): Promise<void> | undefined;
  /**
   * Whether something that only counts when it fails may be tried: `admit` counts the failure afterwards.
   *
   * @throws TooManyRequestsError
   */
  assertOpen(kind: LimitKind, limited?: Limited): void;
  /** How many were refused, by limit. */
  readonly refused: ReadonlyMap<LimitName, number>;
}

export interface LimiterOptions {
  /** Instead of the rules' own. */
  limits: RateLimits;
  /** The rules' own are multiplied by it; 0: nothing is limited. */
  factor: number;
  buckets: SharedBuckets;
  audit: Audit;
  caller: () => Caller | undefined;
  /** Milliseconds since the epoch. */
  now: () => number;
}

export function createLimiter({ limits, factor, buckets, audit, caller, now }: LimiterOptions): Limiter {
  const rules = new Map(
    (Object.keys(RULES) as LimitKind[]).map((kind) => [kind, limitsOf(kind, limits, factor)]),
  );
  const refused = new Map<LimitName, number>();
  const warnedAtMs = new Map<LimitName, number>();

  const bucketOf = (limit: Limit, { client, grant }: Limited): string | undefined => {
    const address = () => networkOf(caller()?.address ?? 'unknown');
    switch (limit.by) {
      case 'all':
        return limit.name;
      case 'address':
        return `${limit.name}|${address()}`;
      case 'client':
        return client && `${limit.name}|${short(client)}|${address()}`;
      case 'grant':
        return grant && `${limit.name}|${grant}`;
    }
  };

  const refuse = (limit: Limit, waitMs: number, { client }: Limited): TooManyRequestsError => {
    refused.set(limit.name, (refused.get(limit.name) ?? 0) + 1);
    if (Math.abs(now() - (warnedAtMs.get(limit.name) ?? -Infinity)) >= WARN_EVERY_MS) {
      warnedAtMs.set(limit.name, now());
      audit('rate_limited', { limit: limit.name, ...(client !== undefined && { client: short(client) }) });
    }
    return new TooManyRequestsError(Math.ceil(waitMs / 1000), `rate limit ${limit.name}`);
  };

  /** From the limit at `index` on; a promise only once one is needed. */
  const admit = (kind: LimitKind, limited: Limited, index: number): Promise<void> | undefined => {
    const all = rules.get(kind) ?? [];
    for (let at = index; at < all.length; at++) {
      const limit = all[at] as Limit;
      const name = bucketOf(limit, limited);
      if (name === undefined) continue;
      const waitMs = buckets.take(name, limit, RULES[kind].storeDown);
      if (typeof waitMs !== 'number') {
        return waitMs.then((ms) => {
          if (ms > 0) throw refuse(limit, ms, limited);
          return admit(kind, limited, at + 1);
        });
      }
      if (waitMs > 0) throw refuse(limit, waitMs, limited);
    }
    return undefined;
  };

  return {
    admit: (kind, limited = {}) => (factor === 0 ? undefined : admit(kind, limited, 0)),
    assertOpen: (kind, limited = {}) => {
      if (factor === 0) return;
      for (const limit of rules.get(kind) ?? []) {
        const name = bucketOf(limit, limited);
        const waitMs = name === undefined ? 0 : buckets.waitMs(name);
        if (waitMs > 0) throw refuse(limit, waitMs, limited);
      }
    },
    refused,
  };
}

/** Anything may be sent as a client's id, and it becomes part of a key. */
function short(client: string): string {
  return /^[\w.:/-]{1,80}$/.test(client) ? client : sha256(client);
}
