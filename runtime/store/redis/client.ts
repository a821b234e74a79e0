import { Cluster, Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import { redisScripts } from './scripts.ts';
import type { RedisScripts } from './scripts.ts';
import type { RedisTarget } from '../../config/redis-url.ts';

export interface ClientOptions {
  username?: string | undefined;
  password?: string | undefined;
  /** Of the Sentinels; they may have one of their own. */
  sentinelPassword?: string | undefined;
  /** PEM of the authority of the servers' certificates, where it is not one that Node trusts. */
  ca?: string | undefined;
  /** How long one call may take, milliseconds. */
  timeoutMs: number;
}

export type RedisClient = (Redis | Cluster) & RedisScripts;

const MAX_RETRY_DELAY_MS = 1_000;

/**
 * Connects, and again whenever the connection is lost. While it is down every call fails at once: nothing is queued, and
 * nothing is sent again after a lost connection. Both could run a step later that its caller was told had failed, and a code
 * that is used twice revokes its grant.
 */
export function createClient(target: RedisTarget, options: ClientOptions): RedisClient {
  const { username, password, sentinelPassword, ca, timeoutMs } = options;
  // The certificate must be of the name in the URL (or, of the nodes that a Cluster or Sentinel tells, of the name that it tells).
  const tls = target.tls ? { ...(ca !== undefined && { ca }) } : undefined;
  const each = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls }),
    // RESP3 would change nothing for us, and some managed services do not speak it.
    protocol: 2 as const,
    connectTimeout: timeoutMs,
    // A connection that went silent (a network that drops packets) is given up, not kept until TCP does.
    socketTimeout: timeoutMs,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    scripts: redisScripts,
  } satisfies RedisOptions;
  const retryStrategy = (attempts: number): number => Math.min(attempts * 50, MAX_RETRY_DELAY_MS);
  // After a fail-over the old master is a replica: connect anew to find the new one.
  const reconnectOnError = (error: Error): boolean => error.message.startsWith('READONLY');
  switch (target.kind) {
    case 'single':
      return new Redis({
        ...each,
        enableOfflineQueue: false,
        ...target.address,
        db: target.db,
        retryStrategy,
        reconnectOnError,
      }) as RedisClient;
    case 'sentinel':
      return new Redis({
        ...each,
        enableOfflineQueue: false,
        sentinels: target.sentinels,
        name: target.name,
        db: target.db,
        ...(sentinelPassword !== undefined && { sentinelPassword }),
        ...(tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
        sentinelRetryStrategy: retryStrategy,
        retryStrategy,
        reconnectOnError,
        failoverDetector: true,
      }) as RedisClient;
    case 'cluster':
      return new Cluster(target.nodes, {
        // A node is connected to when it is first needed, and what came meanwhile waits for that one attempt.
        enableOfflineQueue: true,
        redisOptions: each,
        scripts: redisScripts,
        clusterRetryStrategy: retryStrategy,
        // A step that was under way when its node died may have been done: its caller must be told, not answered twice.
        retryDelayOnFailover: 0,
        slotsRefreshTimeout: timeoutMs,
        slotsRefreshInterval: 5_000,
        // Names as they are, for the certificates; resolving is the socket's part.
        dnsLookup: (address, callback) => callback(null, address),
      }) as unknown as RedisClient;
  }
}
