import type { Redis } from 'ioredis';
import { byNewestIssued } from '../order.ts';
import type { ClientRecord, Store } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import { CLIENT_KEYS, keyOf, ttlMs } from './keys.ts';
import type { Read } from './reader.ts';
import { parseRecord, unlessEnded } from './record.ts';

const SCAN_COUNT = 1_000;

type ClientMethod = 'putClient' | 'swapClient' | 'getClient' | 'deleteClient' | 'listClients';

export function clientSteps(
  redis: RedisConnection,
  read: Read,
  now: () => number,
): Pick<Store, ClientMethod> {
  const encode = (record: ClientRecord) =>
    ['ends', record.expiresAtMs ?? 'never', 'record', JSON.stringify(record)] as const;
  const ttlOf = ({ expiresAtMs }: ClientRecord) =>
    expiresAtMs === undefined ? '' : ttlMs(expiresAtMs, now());
  const decode = (record: string | null) => unlessEnded(parseRecord<ClientRecord>(record), now());
  return {
    putClient: async (record) => {
      const key = keyOf.client(record.id);
      await redis.ask((client) => client.putHash(key, ttlOf(record), ...encode(record)));
    },
    swapClient: async (expected, next) => {
      const key = keyOf.client(next.id);
      const before = JSON.stringify(expected);
      return (
        (await redis.ask((client) => client.swapClient(key, now(), before, ttlOf(next), ...encode(next)))) ===
        1
      );
    },
    getClient: async (id) => decode(await read('client', keyOf.client(id))),
    deleteClient: async (id) =>
      (await redis.askDurably((client) => client.deleteClient(keyOf.client(id), now()))) === 1,
    listClients: async () => {
      const records = await scanClients(redis);
      return records.flatMap((record) => decode(record) ?? []).sort(byNewestIssued);
    },
  };
}

/** By SCAN: an index beside the records could disagree with them. It walks all keys, in small steps. */
async function scanClients(redis: RedisConnection): Promise<(string | null)[]> {
  const all = [...new Set((await redis.askMasters(scanKeys)).flat())];
  const records: (string | null)[] = [];
  for (let start = 0; start < all.length; start += SCAN_COUNT) {
    const some = all.slice(start, start + SCAN_COUNT);
    records.push(
      ...(await redis.ask((client) => Promise.all(some.map((key) => client.hget(key, 'record'))))),
    );
  }
  return records;
}

/** SCAN may return a key twice. */
async function scanKeys(redis: Redis): Promise<string[]> {
  const keys: string[] = [];
  let cursor = '0';
  do {
    const [next, found] = await redis.scan(cursor, 'MATCH', CLIENT_KEYS, 'COUNT', SCAN_COUNT);
    keys.push(...found);
    cursor = next;
  } while (cursor !== '0');
  return keys;
}
