import { isDocumentClient, judgeStanding } from '../standing.ts';
import type { Store } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import { keyOf } from './keys.ts';

/**
 * A revocation must outlast every grant from before it. Those are refreshed no more, and a refresh token lasts a year
 * at the most (`REFRESH_TOKEN_LIFETIME`).
 */
const REVOCATION_TTL_MS = 2 * 366 * 86_400_000;

type StandingMethod = 'revokeUser' | 'userRevokedAt' | 'revokeClient' | 'standing';

export function standingSteps(redis: RedisConnection, now: () => number): Pick<Store, StandingMethod> {
  const raise = async (key: string, kind: 'user' | 'client', atMs: number): Promise<void> => {
    await redis.ask((client) => client.raise(key, kind, atMs, REVOCATION_TTL_MS));
  };
  return {
    revokeUser: (userId, atMs) => raise(keyOf.userRevocation(userId), 'user', atMs),
    userRevokedAt: async (userId) =>
      toNumber(await redis.ask((client) => client.get(keyOf.userRevocation(userId)))),
    revokeClient: (clientId, atMs) => raise(keyOf.clientRevocation(clientId), 'client', atMs),
    // Reads that ioredis writes to the socket at once: one round trip.
    standing: async (grantId, clientId, userId) => {
      const isDocument = isDocumentClient(clientId);
      const [[created, ends, revoked], clientAnswer, userRevokedAt] = await redis.ask((client) =>
        Promise.all([
          client.hmget(keyOf.grant(grantId), 'created', 'ends', 'revoked'),
          isDocument
            ? client.get(keyOf.clientRevocation(clientId))
            : client.hget(keyOf.client(clientId), 'ends'),
          client.get(keyOf.userRevocation(userId)),
        ]),
      );
      const isAhead = (end: string | null | undefined) =>
        typeof end === 'string' && (end === 'never' || Number(end) > now());
      return judgeStanding({
        grant: isAhead(ends) ? { createdAtMs: Number(created), revoked: revoked === '1' } : undefined,
        clientFound: isDocument || isAhead(clientAnswer),
        clientRevokedAtMs: isDocument ? toNumber(clientAnswer) : undefined,
        userRevokedAtMs: toNumber(userRevokedAt),
      });
    },
  };
}

function toNumber(value: string | null): number | undefined {
  return value === null ? undefined : Number(value);
}
