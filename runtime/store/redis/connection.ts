import { Cluster } from 'ioredis';
import type { Redis } from 'ioredis';
import type { Logger } from '../../config/log.ts';
import { StoreUnavailableError } from '../store.ts';
import type { Notice } from '../store.ts';
import { createClient, type RedisClient } from './client.ts';
import { createDeadlines } from './deadlines.ts';
import { createSubscriber, type SubscriberConnection } from './subscriber.ts';
import { createEndOfTurn, type AtEndOfTurn } from './turn.ts';
import { createWriteTogether } from './write-together.ts';
import { parseRedisUrl, REDIS_URL_FORMS, type RedisTarget } from '../../config/redis-url.ts';

export interface RedisConnectionOptions {
  /** As `parseRedisUrl` takes it. */
  url: string;
  username?: string | undefined;
  password?: string | undefined;
  sentinelPassword?: string | undefined;
  ca?: string | undefined;
  /** How many replicas must have what ends or uses up something before it counts; 0: none is waited for. */
  waitReplicas: number;
  /** How long one call may take, milliseconds. */
  timeoutMs: number;
  logger: Logger;
}

export interface RedisConnection {
  /** Whether keys may be on several servers. */
  readonly isCluster: boolean;
  /**
   * Sends something and waits for the answer.
   *
   * @throws StoreUnavailableError when Redis is down (at once), does not answer in time or answers with an error
   */
  ask<Reply>(send: (client: RedisClient) => Promise<Reply>): Promise<Reply>;
  /**
   * The same for one command that must not be lost with its master: what uses up a code or a token, or ends something.
   *
   * @throws StoreUnavailableError also when it was done but no replica has it yet, so that it may be undone
   */
  askDurably<Reply>(send: (client: RedisClient) => Promise<Reply>): Promise<Reply>;
  /** For what collects questions: those that are asked in one turn of the event loop go together. */
  atEndOfTurn: AtEndOfTurn;
  /** Sends something to every server that has keys of its own. */
  askMasters<Reply>(send: (client: Redis) => Promise<Reply>): Promise<Reply[]>;
  /** Calls `listener` with what is published, and with `all` whenever it could have missed something. @returns how to stop it */
  subscribe(listener: (notice: Notice) => void): () => void;
  close(): Promise<void>;
}

/** Answers of a server that did nothing, because another one has the key (now). */
const ELSEWHERE = /^(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN|READONLY)\b/;

/** Between attempts to find the server that has it, milliseconds. */
const ELSEWHERE_PAUSE_MS = 50;

export function connectToRedis(options: RedisConnectionOptions): RedisConnection {
  const { url, waitReplicas, timeoutMs, logger } = options;
  const target = parseRedisUrl(url);
  if (target === undefined) throw new Error(`The Redis URL ${REDIS_URL_FORMS}.`);
  const place = placeOf(target);
  const client = createClient(target, options);
  // WAIT holds up what comes after it on the same connection.
  const durable = waitReplicas > 0 ? createClient(target, options) : client;
  const subscriber = createSubscriber(() => subscriberConnection(client));
  const lastError = logChanges(client, place, logger);
  durable.on('error', () => undefined);
  const atEndOfTurn = createEndOfTurn();
  const within = createDeadlines(timeoutMs);
  const writeTogether = createWriteTogether(client, atEndOfTurn);
  const attempted = Promise.all([firstAttempt(client, timeoutMs), firstAttempt(durable, timeoutMs)]);

  const ask = async <Reply>(
    on: RedisClient,
    send: (client: RedisClient) => Promise<Reply>,
  ): Promise<Reply> => {
    if (on.status !== 'ready') await attempted;
    if (on.status !== 'ready') throw unavailable(place, lastError());
    if (on === client) writeTogether();
    try {
      return await within(send(on));
    } catch (error) {
      throw unavailable(place, error);
    }
  };

  return {
    isCluster: target.kind === 'cluster',
    ask: (send) => ask(client, send),
    askDurably: (send) =>
      waitReplicas === 0
        ? ask(client, send)
        : ask(durable, (on) => sendDurably(on, send, waitReplicas, timeoutMs)),
    atEndOfTurn,
    askMasters: (send) =>
      ask(client, (on) => Promise.all((on instanceof Cluster ? on.nodes('master') : [on]).map(send))),
    subscribe: (listener) => subscriber.subscribe(listener),
    async close() {
      subscriber.close();
      for (const each of new Set([client, durable])) {
        // `quit` lets what is under way finish.
        if (each.status === 'ready') await each.quit().catch(() => undefined);
        each.disconnect();
      }
    },
  };
}

/**
 * Sends a command and, on the same connection, WAIT (https://redis.io/docs/latest/commands/wait): it answers once so many
 * replicas have everything that was written before it. A command that a server refused because it is not (or no longer) the
 * key's master was not done, so it is sent again, until `timeoutMs` have passed.
 */
async function sendDurably<Reply>(
  client: RedisClient,
  send: (client: RedisClient) => Promise<Reply>,
  waitReplicas: number,
  timeoutMs: number,
): Promise<Reply> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const pipeline = client.pipeline();
    // What a command of a pipeline returns is the pipeline; the answers come from `exec`.
    void send(pipeline as unknown as RedisClient);
    pipeline.wait(waitReplicas, Math.floor(timeoutMs / 2));
    const [[error, reply] = [], [waitError, acknowledged] = []] = (await pipeline.exec()) ?? [];
    if (error) {
      if (!ELSEWHERE.test(error.message) || Date.now() >= deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, ELSEWHERE_PAUSE_MS));
      await findMasters(client);
      continue;
    }
    if (waitError) throw waitError;
    if (Number(acknowledged) < waitReplicas)
      throw new Error(`only ${Number(acknowledged)} of ${waitReplicas} replicas confirmed the write`);
    return reply as Reply;
  }
}

async function findMasters(client: RedisClient): Promise<void> {
  if (client instanceof Cluster)
    await new Promise<void>((resolve) => client.refreshSlotsCache(() => resolve()));
}

function subscriberConnection(client: RedisClient): SubscriberConnection {
  if (client instanceof Cluster) return client.duplicate();
  // Commands of its own it has none but SUBSCRIBE, so nothing of it may be given up on.
  return client.duplicate({ socketTimeout: undefined, autoResubscribe: false });
}

/** Settles when the first attempt to connect succeeded or failed: calls made right after the start wait for it. */
function firstAttempt(client: RedisClient, timeoutMs: number): Promise<void> {
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
function logChanges(client: RedisClient, place: string, logger: Logger): () => unknown {
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

function placeOf(target: RedisTarget): string {
  const list = (addresses: { host: string; port: number }[]): string =>
    addresses.map(({ host, port }) => `${host}:${port}`).join(',');
  switch (target.kind) {
    case 'single':
      return list([target.address]);
    case 'sentinel':
      return `${target.name} behind ${list(target.sentinels)}`;
    case 'cluster':
      return `the Cluster of ${list(target.nodes)}`;
  }
}
