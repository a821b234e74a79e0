/**
 * Reads the records that requests need, all of a turn with one command. A cluster has no place where all of their keys are,
 * and a part of it may be down, so there each is read by itself.
 */
import type { RedisClient } from './client.ts';
import type { RedisConnection } from './connection.ts';
import { GRANT_FIELDS } from './grant.ts';
import { createTogether } from './together.ts';

/** What a key holds, and what is read of it. */
interface Values {
  /** A string, whole. */
  text: string | null;
  /** The hash of a client, its field `record`. */
  client: string | null;
  /** The hash of a grant, its `GRANT_FIELDS`. */
  grant: (string | null)[];
}

export type ReadKind = keyof Values;

/** @throws StoreUnavailableError */
export type Read = <Kind extends ReadKind>(kind: Kind, key: string) => Promise<Values[Kind]>;

interface Asked {
  kind: ReadKind;
  key: string;
}

export function createReader(redis: RedisConnection): Read {
  const read: (asked: Asked) => Promise<Values[ReadKind]> = redis.isCluster
    ? (asked) => redis.ask((client) => readOne(client, asked))
    : createTogether(redis.atEndOfTurn, (all) =>
        redis.ask((client) =>
          client.readAll(all.length, ...all.map(({ key }) => key), ...all.map(({ kind }) => kind)),
        ),
      );
  return <Kind extends ReadKind>(kind: Kind, key: string) => read({ kind, key }) as Promise<Values[Kind]>;
}

function readOne(client: RedisClient, { kind, key }: Asked): Promise<Values[ReadKind]> {
  switch (kind) {
    case 'text':
      return client.get(key);
    case 'client':
      return client.hget(key, 'record');
    case 'grant':
      return client.hmget(key, ...GRANT_FIELDS);
  }
}
