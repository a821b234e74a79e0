import type { RecordKind, RecordKinds, Store } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import { keyOf, ttlMs } from './keys.ts';
import type { Read } from './reader.ts';
import { parseRecord, unlessEnded } from './record.ts';

type RecordMethod = 'putRecord' | 'addRecord' | 'getRecord' | 'swapRecord' | 'takeRecord';

/** Each record is a string of JSON, which is also what `swapRecord` compares. */
export function recordSteps(
  redis: RedisConnection,
  read: Read,
  now: () => number,
): Pick<Store, RecordMethod> {
  const ttlOf = (record: { expiresAtMs: number }): number => ttlMs(record.expiresAtMs, now());
  const decode = <Kind extends RecordKind>(json: string | null) =>
    unlessEnded(parseRecord<RecordKinds[Kind]>(json), now());
  const swap = async (key: string, expected: string, next: { expiresAtMs: number }): Promise<boolean> =>
    (await redis.askDurably((client) =>
      client.swapString(key, expected, JSON.stringify(next), ttlOf(next)),
    )) === 1;

  return {
    putRecord: async (kind, id, record) => {
      const key = keyOf.record(kind, id);
      await redis.ask((client) => client.set(key, JSON.stringify(record), 'PX', ttlOf(record)));
    },
    addRecord: async (kind, id, record) => {
      const key = keyOf.record(kind, id);
      const json = JSON.stringify(record);
      const found = await redis.askDurably((client) => client.addString(key, json, ttlOf(record)));
      if (found === null) return true;
      // One that has ended may still be there: of those who find it so one replaces it.
      return decode(found) === undefined && (await swap(key, found, record));
    },
    getRecord: async <Kind extends RecordKind>(kind: Kind, id: string) =>
      decode<Kind>(await read('text', keyOf.record(kind, id))),
    swapRecord: async (kind, id, expected, next) =>
      unlessEnded(expected, now()) !== undefined &&
      (await swap(keyOf.record(kind, id), JSON.stringify(expected), next)),
    takeRecord: async <Kind extends RecordKind>(kind: Kind, id: string) =>
      decode<Kind>(await redis.askDurably((client) => client.getdel(keyOf.record(kind, id)))),
  };
}
