/**
 * Reads standings for `/verify`, whose never-seen tokens cost mostly what it costs to ask Redis: all of a turn with one
 * command, in whose answer each standing is a number. A cluster has no place where all of their keys are, and a part of
 * it may be down, so there each is read by itself.
 */
import { isDocumentClient, judgeStanding } from '../standing.ts';
import type { Standing } from '../store.ts';
import type { RedisClient } from './client.ts';
import type { RedisConnection } from './connection.ts';
import { keyOf } from './keys.ts';
import { createTogether } from './together.ts';

interface Asked {
  grantId: string;
  clientId: string;
  userId: string;
}

/** What the script's numbers mean: a bit each for grant, client and user. */
const STANDINGS: readonly Standing[] = Array.from({ length: 8 }, (_, bits) => ({
  grantAlive: (bits & 1) !== 0,
  clientAlive: (bits & 2) !== 0,
  userAlive: (bits & 4) !== 0,
}));

const NONE: Standing = { grantAlive: false, clientAlive: false, userAlive: false };

export function createStandingReader(
  redis: RedisConnection,
  now: () => number,
): (grantId: string, clientId: string, userId: string) => Promise<Standing> {
  const read: (asked: Asked) => Promise<Standing> = redis.isCluster
    ? (asked) => redis.ask((client) => readOne(client, asked, now()))
    : createTogether(redis.atEndOfTurn, async (all) =>
        toStandings(
          await redis.ask((client) =>
            client.standings(all.length * 3, ...keysOf(all), now(), ...kindsOf(all)),
          ),
        ),
      );
  return (grantId, clientId, userId) => read({ grantId, clientId, userId });
}

function toStandings(answers: number[]): Standing[] {
  return answers.map((bits) => STANDINGS[bits] ?? NONE);
}

function keysOf(batch: Asked[]): string[] {
  return batch.flatMap(({ grantId, clientId, userId }) => [
    keyOf.grant(grantId),
    isDocumentClient(clientId) ? keyOf.clientRevocation(clientId) : keyOf.client(clientId),
    keyOf.userRevocation(userId),
  ]);
}

function kindsOf(batch: Asked[]): string[] {
  return batch.map(({ clientId }) => (isDocumentClient(clientId) ? 'document' : 'registered'));
}

async function readOne(
  client: RedisClient,
  { grantId, clientId, userId }: Asked,
  nowMs: number,
): Promise<Standing> {
  const isDocument = isDocumentClient(clientId);
  const [[created, ends, revoked], clientAnswer, userRevokedAt] = await Promise.all([
    client.hmget(keyOf.grant(grantId), 'created', 'ends', 'revoked'),
    isDocument ? client.get(keyOf.clientRevocation(clientId)) : client.hget(keyOf.client(clientId), 'ends'),
    client.get(keyOf.userRevocation(userId)),
  ]);
  const isAhead = (end: string | null | undefined) =>
    typeof end === 'string' && (end === 'never' || Number(end) > nowMs);
  return judgeStanding({
    grant: isAhead(ends) ? { createdAtMs: Number(created), revoked: revoked === '1' } : undefined,
    clientFound: isDocument || isAhead(clientAnswer),
    clientRevokedAtMs: isDocument ? toNumber(clientAnswer) : undefined,
    userRevokedAtMs: toNumber(userRevokedAt),
  });
}

export function toNumber(value: string | null): number | undefined {
  return value === null ? undefined : Number(value);
}
