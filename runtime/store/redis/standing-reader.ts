/**
 * Reads standings for `/verify`, whose never-seen tokens cost mostly what it costs to ask Redis. So those that are asked for
 * in one turn of the event loop go together: one command, one write to the socket, one answer, in which each standing
 * is a number. A cluster has no place where all of their keys are, so there each is read by itself.
 */
import { isDocumentClient, judgeStanding } from '../standing.ts';
import type { Standing } from '../store.ts';
import type { RedisClient } from './client.ts';
import type { RedisConnection } from './connection.ts';
import { keyOf } from './keys.ts';

interface Asked {
  grantId: string;
  clientId: string;
  userId: string;
  resolve: (standing: Standing) => void;
  reject: (error: unknown) => void;
}

/** Redis does nothing else while it answers: about a millisecond. */
const MAX_TOGETHER = 200;

/** What the script's numbers mean: a bit each for grant, client and user. */
const STANDINGS: readonly Standing[] = Array.from({ length: 8 }, (_, bits) => ({
  grantAlive: (bits & 1) !== 0,
  clientAlive: (bits & 2) !== 0,
  userAlive: (bits & 4) !== 0,
}));

export function createStandingReader(
  redis: RedisConnection,
  now: () => number,
): (grantId: string, clientId: string, userId: string) => Promise<Standing> {
  let asked: Asked[] = [];

  const readTogether = async (batch: Asked[]): Promise<void> => {
    try {
      const found = await redis.ask((client) =>
        client.isCluster
          ? Promise.all(batch.map((each) => readOne(client, each, now())))
          : client.standings(batch.length * 3, ...keysOf(batch), now(), ...kindsOf(batch)).then(toStandings),
      );
      for (const [index, { resolve }] of batch.entries()) resolve(found[index] ?? NONE);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };

  const flush = (): void => {
    const all = asked;
    asked = [];
    for (let start = 0; start < all.length; start += MAX_TOGETHER)
      void readTogether(all.slice(start, start + MAX_TOGETHER));
  };

  return (grantId, clientId, userId) =>
    new Promise((resolve, reject) => {
      if (asked.push({ grantId, clientId, userId, resolve, reject }) === 1) redis.atEndOfTurn(flush);
    });
}

const NONE: Standing = { grantAlive: false, clientAlive: false, userAlive: false };

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
