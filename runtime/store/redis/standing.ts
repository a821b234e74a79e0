import type { Store } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import { keyOf } from './keys.ts';
import type { Read } from './reader.ts';
import { createStandingReader, toNumber } from './standing-reader.ts';

/**
 * A revocation must outlast every grant from before it. Those are refreshed no more, and a refresh token lasts a year
 * at the most (`REFRESH_TOKEN_LIFETIME`).
 */
const REVOCATION_TTL_MS = 2 * 366 * 86_400_000;

type StandingMethod = 'revokeUser' | 'userRevokedAt' | 'revokeClient' | 'clientRevokedAt' | 'standing';

export function standingSteps(
  redis: RedisConnection,
  read: Read,
  now: () => number,
): Pick<Store, StandingMethod> {
  const raise = async (key: string, kind: 'user' | 'client', atMs: number): Promise<void> => {
    await redis.askDurably((client) => client.raise(key, kind, atMs, REVOCATION_TTL_MS));
  };
  const raisedAt = async (key: string): Promise<number | undefined> => toNumber(await read('text', key));
  return {
    revokeUser: (userId, atMs) => raise(keyOf.userRevocation(userId), 'user', atMs),
    userRevokedAt: (userId) => raisedAt(keyOf.userRevocation(userId)),
    revokeClient: (clientId, atMs) => raise(keyOf.clientRevocation(clientId), 'client', atMs),
    clientRevokedAt: (clientId) => raisedAt(keyOf.clientRevocation(clientId)),
    standing: createStandingReader(redis, now),
  };
}
