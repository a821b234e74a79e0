import { Redis } from 'ioredis';
import type { Logger } from '../../config/log.ts';
import { redisScripts } from './scripts.ts';
import type { RedisScripts } from './scripts.ts';
import { StoreUnavailableError } from '../store.ts';
import type { Notice } from '../store.ts';
import { createSubscriber } from './subscriber.ts';

export interface RedisConnectionOptions {
  /** `redis://` or `rediss://` (TLS), as ioredis takes it. */
  url: string;
  /** Rules over one in the URL. */
  password?: string | undefined;
  /** How long one call may take, milliseconds. */
  timeoutMs: number;
  logger: Logger;
}

export type RedisClient = Redis & RedisScripts;

export interface RedisConnection {
  /**
   * Sends something and waits for the answer.
   *
   * @throws StoreUnavailableError when Redis is down (at once), does not answer in time or answers with an error
   */
  ask<Reply>(send: (client: RedisClient) => Promise<Reply>): Promise<Reply>;
  /** Calls `listener` with what is published, and with `all` whenever it could have missed something. @returns how to stop it */
  subscribe(listener: (notice: Notice) => void): () => void;
  close(): Promise<void>;
}

const MAX_RETRY_DELAY_MS = 1_000;

/**
 * One connection to Redis that reconnects by itself. While it is down every call fails at once: nothing is queued, and
 * nothing is sent again after a lost connection. Both could run a step later that its caller was told had failed, and a code
 * that is used twice revokes its grant.
 */
export function connectToRedis({
  url,
  password,
  timeoutMs,
  logger,
}: RedisConnectionOptions): RedisConnection {
  const place = withoutCredentials(url);
  const client = new Redis(url, {
    ...(password === undefined ? {} : { password }),
    // RESP3 would change nothing for us, and some managed services do not speak it.
    protocol: 2,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    // A connection that went silent (a network that drops packets) is given up, not kept until TCP does.
    socketTimeout: timeoutMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempts) => Math.min(attempts * 50, MAX_RETRY_DELAY_MS),
    // After a failover the old master is a replica: connect anew to find the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    scripts: redisScripts,
  }) as RedisClient;
  // Commands of its own it has none but SUBSCRIBE, so nothing of it may be given up on.
  const subscriber = createSubscriber(() =>
    client.duplicate({ socketTimeout: undefined, commandTimeout: undefined, autoResubscribe: false }),
  );
  const lastError = logChanges(client, place, logger);
  const attempted = firstAttempt(client, timeoutMs);

  return {
    async ask(send) {
      if (client.status !== 'ready') await attempted;
      if (client.status !== 'ready') throw unavailable(place, lastError());
      try {
        return await send(client);
      } catch (error) {
        throw unavailable(place, error);
      }
    },
    subscribe: (listener) => subscriber.subscribe(listener),
    async close() {
      subscriber.close();
      // `quit` lets what is under way finish.
      if (client.status === 'ready') await client.quit().catch(() => undefined);
      client.disconnect();
    },
  };
}

/** Settles when the first attempt to connect succeeded or failed: calls made right after the start wait for it. */
function firstAttempt(client: Redis, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      resolve();
    };
    client.once('ready', settle);
    client.once('close', settle);
  });
}

/** Logs each change between down and up once, however many attempts lie between. @returns the last error */
function logChanges(client: Redis, place: string, logger: Logger): () => unknown {
  let isDown = false;
  let last: unknown;
  client.on('error', (error: unknown) => {
    last = error;
    if (isDown) return;
    isDown = true;
    logger.error(
      { redis: place, reason: reasonOf(error) },
      'Redis does not answer; trying again until it does.',
    );
  });
  client.on('ready', () => {
    last = undefined;
    if (isDown) logger.info({ redis: place }, 'Redis answers again.');
    isDown = false;
  });
  return () => last;
}

/**
 * The cause is a copy of the message alone: ioredis hangs the command with its arguments on its errors, the password
 * among them, and loggers print what hangs on an error (invariant 10).
 */
function unavailable(place: string, error: unknown): StoreUnavailableError {
  const reason = reasonOf(error);
  return new StoreUnavailableError(`The store at ${place} failed: ${reason}.`, { cause: new Error(reason) });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it is not connected';
  // Redis repeats the arguments of a command that it does not know.
  const message = error.message.replace(/,? with args beginning with.*/s, '');
  const { code } = error as { code?: unknown };
  return message || (typeof code === 'string' ? code : error.name);
}

function withoutCredentials(url: string): string {
  if (!URL.canParse(url)) return 'the configured Redis URL';
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
