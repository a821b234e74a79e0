import { silentLogger } from '../config/log.ts';
import type { Logger } from '../config/log.ts';
import { refillMs } from './bucket.ts';
import { byNewest } from './order.ts';
import { clientSteps } from './redis/clients.ts';
import { connectToRedis } from './redis/connection.ts';
import type { RedisConnection } from './redis/connection.ts';
import { grantSteps } from './redis/grants.ts';
import { keyOf } from './redis/keys.ts';
import { parseRecord } from './redis/record.ts';
import { createReader } from './redis/reader.ts';
import { recordSteps } from './redis/records.ts';
import { standingSteps } from './redis/standing.ts';
import { MAX_EVENTS } from './store.ts';
import type { KeyRecord, Store } from './store.ts';

const TIMEOUT_MS = 2_000;

export interface RedisStoreOptions {
  /** One server, Sentinels or a Cluster: see `runtime/config/redis-url.ts`. */
  url: string;
  username?: string;
  password?: string;
  sentinelPassword?: string;
  /** PEM of the authority of the servers' certificates, where it is not one that Node trusts. */
  ca?: string;
  /**
   * How many replicas must have what uses up a code or a token, or ends something, before it counts (default 0: a lost
   * master may then bring back what was used or ended in its last moments).
   */
  waitReplicas?: number;
  /** Clock, milliseconds since the epoch; replicas' clocks must agree to well within a minute. */
  now?: () => number;
  logger?: Logger;
  /** How long one call may take, milliseconds. */
  timeoutMs?: number;
}

/**
 * The store in Redis (6.2 or later), for deployments of one or more replicas. It returns at once and connects by itself; `ping`
 * tells whether it could. Redis must keep its data (`appendonly yes`) and evict nothing (`maxmemory-policy noeviction`): an
 * evicted revocation would bring tokens back.
 */
export function openRedisStore(options: RedisStoreOptions): Store {
  const { now = Date.now, logger = silentLogger, timeoutMs = TIMEOUT_MS, waitReplicas = 0 } = options;
  const redis = connectToRedis({ ...options, timeoutMs, logger, waitReplicas });
  const read = createReader(redis);

  return {
    ping: async () => {
      await redis.ask((client) => client.ping());
    },
    ...clientSteps(redis, read, now),
    ...recordSteps(redis, read, now),
    ...grantSteps(redis, read, now),
    ...standingSteps(redis, read, now),
    ...keySteps(redis),
    takeFromBucket: async (name, limit, count) => {
      const { burst, perSecond } = limit;
      const [granted = 0, waitMs = 0] = await redis.ask((client) =>
        client.takeFromBucket(keyOf.bucket(name), burst, perSecond, count, now(), refillMs(limit) + 1_000),
      );
      return { granted, waitMs };
    },
    appendEvent: async (event) => {
      await redis.ask((client) => client.pushEvent(keyOf.events, event, MAX_EVENTS - 1));
    },
    listEvents: (limit) => redis.ask((client) => client.lrange(keyOf.events, 0, limit - 1)),
    subscribe: (listener) => redis.subscribe(listener),
    close: () => redis.close(),
  };
}

function keySteps(redis: RedisConnection): Pick<Store, 'listKeys' | 'seedKey' | 'putKey' | 'deleteKey'> {
  const sorted = (records: string[]): KeyRecord[] =>
    records.flatMap((record) => parseRecord<KeyRecord>(record) ?? []).sort(byNewest);
  return {
    listKeys: async () => sorted(await redis.ask((client) => client.hvals(keyOf.signingKeys))),
    seedKey: async (key) =>
      sorted(await redis.ask((client) => client.seedHash(keyOf.signingKeys, key.kid, JSON.stringify(key)))),
    putKey: async (key) => {
      await redis.ask((client) => client.putKey(keyOf.signingKeys, key.kid, JSON.stringify(key)));
    },
    deleteKey: async (kid) => {
      await redis.ask((client) => client.deleteKey(keyOf.signingKeys, kid));
    },
  };
}
