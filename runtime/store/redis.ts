import { silentLogger } from '../config/log.ts';
import type { Logger } from '../config/log.ts';
import { hasEnded } from './grant.ts';
import { byNewest, byNewestIssued } from './order.ts';
import { connectToRedis } from './redis/connection.ts';
import type { RedisConnection } from './redis/connection.ts';
import { decodeFlatGrant, decodeGrant, encodeGrant } from './redis/grant.ts';
import { parseRecord } from './redis/record.ts';
import type { RedeemReply, RotateReply } from './redis/scripts.ts';
import { judgeStanding } from './standing.ts';
import type {
  ClientRecord,
  KeyRecord,
  RedeemCodeResult,
  RotateRefreshResult,
  Standing,
  Store,
  TransactionRecord,
} from './store.ts';

const TIMEOUT_MS = 2_000;

/**
 * How much longer Redis keeps a record than it lasts. The end is judged by our clock, to the millisecond; Redis's own
 * expiry only clears away, and must not come first where clocks differ.
 */
const SLACK_MS = 60_000;

/**
 * A user's revocation must outlast every grant from before it. Those are refreshed no more, and a refresh token lasts
 * a year at the most (`REFRESH_TOKEN_LIFETIME`).
 */
const USER_REVOCATION_TTL_MS = 2 * 366 * 86_400_000;

const CLIENT_KEYS = 'mcpgw:1:client:*';
const SCAN_COUNT = 1_000;

type ClientMethod = 'putClient' | 'replaceClient' | 'getClient' | 'deleteClient' | 'listClients';
type TransactionMethod = 'putTransaction' | 'getTransaction' | 'takeTransaction';
type GrantMethod = 'putGrant' | 'getGrant' | 'redeemCode' | 'rotateRefresh' | 'revokeGrant';

/** Key names. The number is the version of what they hold; the braces keep what may join a record later in its slot. */
const keyOf = {
  client: (id: string) => `mcpgw:1:client:{${id}}`,
  transaction: (idHash: string) => `mcpgw:1:transaction:{${idHash}}`,
  grant: (id: string) => `mcpgw:1:grant:{${id}}`,
  userRevocation: (id: string) => `mcpgw:1:user-revocation:{${id}}`,
  signingKeys: 'mcpgw:1:signing-keys',
};

export interface RedisStoreOptions {
  /** `redis://host:port/db` or `rediss://` (TLS). */
  url: string;
  /** Rules over one in the URL. */
  password?: string;
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
  const { url, password, now = Date.now, logger = silentLogger, timeoutMs = TIMEOUT_MS } = options;
  const redis = connectToRedis({ url, password, timeoutMs, logger });
  const ttlMs = (expiresAtMs: number): number => Math.ceil(Math.max(expiresAtMs - now(), 0) + SLACK_MS);

  return {
    ping: async () => {
      await redis.ask((client) => client.ping());
    },
    ...clientSteps(redis, now, ttlMs),
    ...transactionSteps(redis, now, ttlMs),
    ...grantSteps(redis, now, ttlMs),

    revokeUser: async (userId, atMs) => {
      const key = keyOf.userRevocation(userId);
      await redis.ask((client) => client.raise(key, atMs, USER_REVOCATION_TTL_MS));
    },
    standing: (grantId, clientId, userId) => readStanding(redis, now(), { grantId, clientId, userId }),

    listKeys: async () => sortedKeys(await redis.ask((client) => client.hvals(keyOf.signingKeys))),
    seedKey: async (key) =>
      sortedKeys(
        await redis.ask((client) => client.seedHash(keyOf.signingKeys, key.kid, JSON.stringify(key))),
      ),

    close: () => redis.close(),
  };
}

type Ttl = (expiresAtMs: number) => number;

function clientSteps(redis: RedisConnection, now: () => number, ttlMs: Ttl): Pick<Store, ClientMethod> {
  const encode = (record: ClientRecord) =>
    ['ends', record.expiresAtMs ?? 'never', 'record', JSON.stringify(record)] as const;
  const ttlOf = ({ expiresAtMs }: ClientRecord) => (expiresAtMs === undefined ? '' : ttlMs(expiresAtMs));
  const read = (record: string | null) => unlessEnded(parseRecord<ClientRecord>(record), now());
  return {
    putClient: async (record) => {
      const key = keyOf.client(record.id);
      await redis.ask((client) => client.putHash(key, ttlOf(record), ...encode(record)));
    },
    replaceClient: async (record) => {
      const key = keyOf.client(record.id);
      return (
        (await redis.ask((client) => client.replaceHash(key, now(), ttlOf(record), ...encode(record)))) === 1
      );
    },
    getClient: async (id) => read(await redis.ask((client) => client.hget(keyOf.client(id), 'record'))),
    deleteClient: async (id) =>
      (await redis.ask((client) => client.deleteHash(keyOf.client(id), now()))) === 1,
    listClients: async () => {
      const records = await scanClients(redis);
      return records.flatMap((record) => read(record) ?? []).sort(byNewestIssued);
    },
  };
}

/** By SCAN: an index beside the records could disagree with them. It walks all keys, in small steps. */
async function scanClients(redis: RedisConnection): Promise<(string | null)[]> {
  // SCAN may return a key twice.
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const [next, found] = await redis.ask((client) =>
      client.scan(cursor, 'MATCH', CLIENT_KEYS, 'COUNT', SCAN_COUNT),
    );
    for (const key of found) keys.add(key);
    cursor = next;
  } while (cursor !== '0');
  const all = [...keys];
  const records: (string | null)[] = [];
  for (let start = 0; start < all.length; start += SCAN_COUNT) {
    const some = all.slice(start, start + SCAN_COUNT);
    records.push(
      ...(await redis.ask((client) => Promise.all(some.map((key) => client.hget(key, 'record'))))),
    );
  }
  return records;
}

function transactionSteps(
  redis: RedisConnection,
  now: () => number,
  ttlMs: Ttl,
): Pick<Store, TransactionMethod> {
  const read = (record: string | null) => unlessEnded(parseRecord<TransactionRecord>(record), now());
  return {
    putTransaction: async (transaction) => {
      const key = keyOf.transaction(transaction.idHash);
      const record = JSON.stringify(transaction);
      await redis.ask((client) => client.set(key, record, 'PX', ttlMs(transaction.expiresAtMs)));
    },
    getTransaction: async (idHash) =>
      read(await redis.ask((client) => client.get(keyOf.transaction(idHash)))),
    takeTransaction: async (idHash) =>
      read(await redis.ask((client) => client.getdel(keyOf.transaction(idHash)))),
  };
}

function grantSteps(redis: RedisConnection, now: () => number, ttlMs: Ttl): Pick<Store, GrantMethod> {
  return {
    putGrant: async (grant) => {
      const ttl = ttlMs(grant.expiresAtMs);
      await redis.ask((client) => client.putHash(keyOf.grant(grant.id), ttl, ...encodeGrant(grant)));
    },
    getGrant: async (id) =>
      unlessEnded(decodeGrant(await redis.ask((client) => client.hgetall(keyOf.grant(id)))), now()),
    redeemCode: async (grantId, codeHash, expiresAtMs) => {
      const key = keyOf.grant(grantId);
      const ttl = ttlMs(expiresAtMs);
      return toRedeemResult(
        await redis.ask((client) => client.redeemCode(key, now(), codeHash, expiresAtMs, ttl)),
      );
    },
    rotateRefresh: async ({ grantId, generation, sealed, graceMs, expiresAtMs }) => {
      const key = keyOf.grant(grantId);
      const ttl = ttlMs(expiresAtMs);
      return toRotateResult(
        await redis.ask((client) =>
          client.rotateRefresh(key, now(), generation, sealed, graceMs, expiresAtMs, ttl),
        ),
      );
    },
    revokeGrant: async (id) => {
      await redis.ask((client) => client.revokeGrant(keyOf.grant(id)));
    },
  };
}

function toRedeemResult([outcome, flat]: RedeemReply): RedeemCodeResult {
  const grant = flat === undefined ? undefined : decodeFlatGrant(flat);
  return outcome === 'unknown' || grant === undefined ? { outcome: 'unknown' } : { outcome, grant };
}

function toRotateResult([outcome, sealed = '']: RotateReply): RotateRefreshResult {
  return outcome === 'retry' ? { outcome, sealed } : { outcome };
}

/** Three reads that ioredis writes to the socket at once: one round trip. */
async function readStanding(
  redis: RedisConnection,
  nowMs: number,
  ids: { grantId: string; clientId: string; userId: string },
): Promise<Standing> {
  const [grant, clientEnds, revokedAt] = await redis.ask((client) =>
    Promise.all([
      client.hmget(keyOf.grant(ids.grantId), 'created', 'ends', 'revoked'),
      client.hget(keyOf.client(ids.clientId), 'ends'),
      client.get(keyOf.userRevocation(ids.userId)),
    ]),
  );
  const [created, ends, revoked] = grant;
  const isAhead = (end: string | null | undefined) =>
    typeof end === 'string' && (end === 'never' || Number(end) > nowMs);
  return judgeStanding({
    grant: isAhead(ends) ? { createdAtMs: Number(created), revoked: revoked === '1' } : undefined,
    clientFound: isAhead(clientEnds),
    userRevokedAtMs: revokedAt === null ? undefined : Number(revokedAt),
  });
}

function sortedKeys(records: string[]): KeyRecord[] {
  return records.flatMap((record) => parseRecord<KeyRecord>(record) ?? []).sort(byNewest);
}

function unlessEnded<RecordType extends { expiresAtMs?: number }>(
  record: RecordType | undefined,
  nowMs: number,
): RecordType | undefined {
  return record === undefined || hasEnded(record, nowMs) ? undefined : record;
}
