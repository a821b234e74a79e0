/**
 * How much of what may be asked. By address it is generous, because hosted clients call for all of their people from few
 * addresses; by client and grant it is what one of them needs. `all` is the backstop: how much strangers may have stored,
 * all of them together.
 */
import type { BucketLimit } from '../../store/store.ts';

/** Whose share it is. `client` is counted for each address apart: a client's id is no secret, and nobody locks it out. */
export type LimitedBy = 'all' | 'address' | 'client' | 'grant';

interface Rule {
  /** Narrow ones first: what one caller is refused costs the others no place. */
  limits: Partial<Record<LimitedBy, BucketLimit>>;
  /**
   * When the store is down: each process counts for itself, or nothing passes. The latter where guessing is what the
   * limit is against.
   */
  storeDown: 'count-alone' | 'refuse';
}

const table = <const Rules extends Record<string, Rule>>(rules: Rules): Rules => rules;

export const RULES = table({
  /** New ones, and replaced ones (RFC 7592 §2.2). */
  registrations: {
    limits: { address: { burst: 50, perSecond: 1 }, all: { burst: 200, perSecond: 5 } },
    storeDown: 'count-alone',
  },
  /**
   * Registrations that wait for their first sign-in. Each ends a day after it began, so what bounds those of any one day
   * bounds all of them, without counting any: half of the places are there at once, the others come through the day.
   */
  unusedClients: {
    limits: {
      address: { burst: 500, perSecond: 500 / 86_400 },
      all: { burst: 5_000, perSecond: 5_000 / 86_400 },
    },
    storeDown: 'refuse',
  },
  /** Authorization requests that come to the consent page. */
  authorizations: {
    limits: { address: { burst: 100, perSecond: 5 }, all: { burst: 400, perSecond: 20 } },
    storeDown: 'count-alone',
  },
  /** Consents that go on to an identity provider: apart, so that a flood of requests stops nobody who is past them. */
  signIns: {
    limits: { address: { burst: 100, perSecond: 5 }, all: { burst: 400, perSecond: 20 } },
    storeDown: 'count-alone',
  },
  /** Guesses at the owner's passphrase; most of `all` is out of one guesser's reach, so the owner finds a place. */
  passphrases: {
    limits: { address: { burst: 10, perSecond: 0.03 }, all: { burst: 100, perSecond: 0.3 } },
    storeDown: 'refuse',
  },
  /** Device authorization requests (RFC 8628 §3.1). */
  devices: {
    limits: { address: { burst: 50, perSecond: 1 }, all: { burst: 200, perSecond: 10 } },
    storeDown: 'count-alone',
  },
  /** User codes that were typed. RFC 8628 §5.1: "the authorization server SHOULD rate-limit user code attempts". */
  userCodes: {
    limits: { address: { burst: 10, perSecond: 0.1 }, all: { burst: 100, perSecond: 1 } },
    storeDown: 'refuse',
  },
  /** Metadata documents and keys that are fetched from where a stranger says. */
  documents: {
    limits: { address: { burst: 30, perSecond: 0.5 }, all: { burst: 200, perSecond: 5 } },
    storeDown: 'count-alone',
  },
  /** Clients and resource servers that failed to authenticate; codes, refresh tokens and registration tokens that are none. */
  failures: {
    limits: { client: { burst: 60, perSecond: 1 }, address: { burst: 300, perSecond: 5 } },
    storeDown: 'count-alone',
  },
  /** Assertions of clients: each is remembered for as long as it is valid, and anybody can register and sign them. */
  assertions: { limits: { address: { burst: 300, perSecond: 10 } }, storeDown: 'count-alone' },
  /** Tokens issued or refreshed, and the polls of a device. A client that wants more is in a loop. */
  tokens: { limits: { grant: { burst: 60, perSecond: 0.5 } }, storeDown: 'count-alone' },
  /** Questions about tokens (RFC 7662), by who authenticated to ask. */
  introspections: { limits: { client: { burst: 1_000, perSecond: 200 } }, storeDown: 'count-alone' },
});

export type LimitKind = keyof typeof RULES;

/** The name of a limit: `registrations` of all, `registrationsByAddress`, … */
export type LimitName = {
  [Kind in LimitKind]: {
    [By in keyof (typeof RULES)[Kind]['limits']]: By extends 'all'
      ? Kind
      : `${Kind}By${Capitalize<By & string>}`;
  }[keyof (typeof RULES)[Kind]['limits']];
}[LimitKind];

export type RateLimits = Partial<Record<LimitName, BucketLimit>>;

export interface Limit extends BucketLimit {
  name: LimitName;
  by: LimitedBy;
}

/**
 * @param over limits instead of the table's
 * @param factor all others are multiplied by it
 */
export function limitsOf(kind: LimitKind, over: RateLimits, factor: number): Limit[] {
  return Object.entries<BucketLimit>(RULES[kind].limits).map(([by, limit]) => {
    const name = (by === 'all' ? kind : `${kind}By${by[0]?.toUpperCase() ?? ''}${by.slice(1)}`) as LimitName;
    const scaled = { burst: limit.burst * factor, perSecond: limit.perSecond * factor };
    return { name, by: by as LimitedBy, ...(over[name] ?? scaled) };
  });
}
