import type { Standing } from './store.ts';

/** What an adapter found for the three ids of a token. */
export interface StandingFacts {
  /** Absent: unknown or ended. */
  grant?: { createdAtMs: number; revoked: boolean } | undefined;
  /** Whether `getClient` would find the client. */
  clientFound: boolean;
  /** The latest `revokeUser` of the user, milliseconds since the epoch. */
  userRevokedAtMs?: number | undefined;
}

/** Judges a token's standing. Without a grant nothing is known of the user either, so that counts as not alive. */
export function judgeStanding({ grant, clientFound, userRevokedAtMs }: StandingFacts): Standing {
  return {
    grantAlive: grant !== undefined && !grant.revoked,
    clientAlive: clientFound,
    userAlive: grant !== undefined && (userRevokedAtMs === undefined || grant.createdAtMs >= userRevokedAtMs),
  };
}
