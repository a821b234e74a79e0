/**
 * The authorization server on a real Redis: what `/verify` and `/token` cost, its memory, and the same again with a full
 * store.
 *
 *     node tests/bench/main.ts auth [--short] [--clients=N --grants=N] [--rounds=N]
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { AUTH_MEMORY_MIB } from '../../../cli/views/compose.ts';
import { createSealer } from '../../../runtime/auth/sealing.ts';
import { secretKey } from '../../../runtime/auth/secret-key.ts';
import { loadKeySet } from '../../../runtime/auth/tokens/keys.ts';
import { openRedisStore } from '../../../runtime/store/redis.ts';
import { ROOT_SECRET, SIGNING_KEY_PEM } from '../../helpers/oauth-server.ts';
import { startRedis } from '../../store/redis-server.ts';
import type { BenchOptions } from '../main.ts';
import { measureMemory } from './memory.ts';
import { fill, type Population } from './population.ts';
import { measureRatios, warmUp, type Measured, type Ratios, type RoundSizes } from './rounds.ts';
import { pin, startServer } from './server.ts';
import { measureSizes } from './sizes.ts';

type Bar = [name: string, of: string, figure: (ratios: Ratios) => number, bar: number, stretch: number];

const BARS: Bar[] = [
  ['/verify, known tokens', 'the no-op', ({ known }) => known, 0.75, 0.9],
  ['/verify, unseen tokens', 'the no-op', ({ unseen }) => unseen, 0.35, 0.5],
  ['/token, refresh', 'a bare signature', ({ refresh }) => refresh, 0.7, 0.8],
];

/** Resident memory may be this much more at the end than after a fifth of the way. */
const MEMORY_GROWTH = 1.1;

/** Of what its container may have, in bytes; the rest is for the page tables and a moment's excess. */
const MOST_MEMORY = AUTH_MEMORY_MIB * 1024 * 1024 * 0.9;

const SMALL: Population = { clients: 1_000, grants: 20_000 };
const LONG = {
  full: { clients: 100_000, grants: 1_000_000 },
  processes: 3,
  warmUpRounds: { small: 5, full: 5 },
  sizes: { rounds: 5, known: 40_000, unseen: 10_000, refresh: 4_000 },
  memory: { amount: 1_000_000, tokens: 100_000 },
};
const SHORT = {
  full: { clients: 2_000, grants: 40_000 },
  processes: 2,
  // The same processes are warm the second time.
  warmUpRounds: { small: 3, full: 0 },
  sizes: { rounds: 3, known: 10_000, unseen: 5_000, refresh: 2_000 },
  memory: { amount: 100_000, tokens: 20_000 },
};

/** @returns the bars that were missed, in words */
export async function benchAuth({ short, print, numbers = {} }: BenchOptions): Promise<string[]> {
  const { full, sizes, memory, processes, warmUpRounds } = short ? SHORT : LONG;
  const target = { ...full, ...pickDefined({ clients: numbers['clients'], grants: numbers['grants'] }) };
  const roundSizes: RoundSizes = { ...sizes, ...pickDefined({ rounds: numbers['rounds'] }) };
  // As in the generated stack.
  const server = await startRedis({ args: ['--appendfsync', 'everysec'] });
  pin(server.pid, 1);
  const redis = new Redis(server.url);
  const store = openRedisStore({ url: server.url });
  const keySet = { store, sealer: createSealer(secretKey(ROOT_SECRET, 'at-rest')), now: Date.now };
  const keys = await loadKeySet({ ...keySet, seedPrivateKeyPem: SIGNING_KEY_PEM });
  const noop = await startServer('noop');
  const servers = await Promise.all(Array.from({ length: processes }, () => startServer('auth', server.url)));
  const measured: Measured = { noop, servers, store, key: keys.signing(), population: SMALL };
  const missed: string[] = [];
  try {
    await fill(store, { clients: 0, grants: 0 }, SMALL);
    print(describe('with', SMALL));
    await warmUp(measured, warmUpRounds.small);
    missed.push(...report(await measureRatios(measured, roundSizes, print), 'small store', print));

    const begunMs = performance.now();
    await fill(store, { clients: 0, grants: 0 }, target);
    await settled(redis);
    const seconds = (performance.now() - begunMs) / 1000;
    print(`${describe('with', target)}, written in ${seconds.toFixed(0)} s`);
    for (const [name, bytes] of await measureSizes(redis, store, target))
      print(`bytes of Redis for ${name}: ${bytes}`);
    await settled(redis);
    const filled = { ...measured, population: target };
    await warmUp(filled, warmUpRounds.full);
    missed.push(...report(await measureRatios(filled, roundSizes, print), 'full store', print));

    const { growth, highest } = await measureMemory(filled, memory, print);
    if (growth > MEMORY_GROWTH) missed.push(`memory grew ${growth.toFixed(2)} times (bar ${MEMORY_GROWTH})`);
    if (highest > MOST_MEMORY) missed.push(`memory was ${highest} bytes (bar ${MOST_MEMORY})`);
    return missed;
  } finally {
    noop.stop();
    for (const each of servers) each.stop();
    redis.disconnect();
    await store.close();
    await server.stop();
  }
}

function report(ratios: Ratios, where: string, print: (line: string) => void): string[] {
  const missed: string[] = [];
  for (const [name, of, figure, bar, stretch] of BARS) {
    const value = figure(ratios);
    const line = `${name}: ${value.toFixed(2)} of ${of} (bar ${bar.toFixed(2)}, stretch ${stretch.toFixed(2)})`;
    print(line);
    if (value < bar) missed.push(`${where}: ${line}`);
  }
  print(`/verify, known tokens, against a no-op without headers: ${ratios.knownAgainstBare.toFixed(2)}`);
  return missed;
}

function describe(word: string, { clients, grants }: Population): string {
  return `${word} ${clients} clients and ${grants} refresh tokens in the store`;
}

/** Redis rewrites its log after a load, in a process of its own: nothing is measured meanwhile. */
async function settled(redis: Redis): Promise<void> {
  while (/aof_rewrite_(in_progress|scheduled):1/.test(await redis.info('persistence'))) await delay(500);
}

function pickDefined<Value extends object>(value: Value): { [Key in keyof Value]?: NonNullable<Value[Key]> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [Key in keyof Value]?: NonNullable<Value[Key]>;
  };
}
