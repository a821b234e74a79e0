import type { Standing } from './store.ts';

/** What an adapter found for the three ids of a token. */
export interface StandingFacts {
  /** Absent: unknown or ended. */
  grant?: { createdAtMs: number; revoked: boolean } | undefined;
  /** Whether `getClient` would find the client; true for one that is not registered but names itself by a URL. */
  clientFound: boolean;
  /** The latest `revokeClient` of the client, milliseconds since the epoch. */
  clientRevokedAtMs?: number | undefined;
  /** The latest `revokeUser` of the user, milliseconds since the epoch. */
  userRevokedAtMs?: number | undefined;
}

/** Judges a token's standing. Without a grant nothing is known of user and client either, so those count as not alive. */
export function judgeStanding(facts: StandingFacts): Standing {
  const { grant, clientFound, clientRevokedAtMs, userRevokedAtMs } = facts;
  const isAfter = (revokedAtMs: number | undefined): boolean =>
    grant !== undefined && (revokedAtMs === undefined || grant.createdAtMs >= revokedAtMs);
  return {
    grantAlive: grant !== undefined && !grant.revoked,
    clientAlive: clientFound && (clientRevokedAtMs === undefined || isAfter(clientRevokedAtMs)),
    userAlive: isAfter(userRevokedAtMs),
  };
}

/** Whether a client id is the URL of a client ID metadata document: such a client is registered nowhere. */
export function isDocumentClient(clientId: string): boolean {
  return clientId.startsWith('https://');
}
