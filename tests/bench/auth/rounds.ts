/** The costs of `/verify` and `/token` as ratios of processor time, in interleaved rounds because machines drift. */
import type { SigningKey } from '../../../runtime/auth/tokens/keys.ts';
import type { Store } from '../../../runtime/store/store.ts';
import { median } from '../statistics.ts';
import { load, loadRefresh } from './load.ts';
import { accessTokens, pick, type Population } from './population.ts';
import type { ServerProcess } from './server.ts';

export interface Ratios {
  /** Processor time of a no-op with the same headers, over that of `/verify` with known tokens. */
  known: number;
  /** Likewise, but the no-op sets no headers. */
  knownAgainstBare: number;
  /** Likewise as `known`, with tokens that were never seen, each of a grant of its own. */
  unseen: number;
  /** Processor time of an RS256 signature over that of a refresh. */
  refresh: number;
}

export interface Measured {
  noop: ServerProcess;
  /**
   * Several of the same: V8 compiles to other code in each process, by what happens to be hot first, and what one costs
   * differs from the next by up to a tenth for as long as they live.
   */
  servers: ServerProcess[];
  store: Store;
  /** Signs what the server takes for its own. */
  key: SigningKey;
  population: Population;
}

/** How much of each a round asks for. */
export interface RoundSizes {
  rounds: number;
  known: number;
  unseen: number;
  refresh: number;
}

const KNOWN_TOKENS = 200;

/** What a round of warming up asks of each server. */
const WARM_UP = { known: 10_000, unseen: 5_000, refresh: 20_000 };

/**
 * The path of a refresh is long, and V8 has compiled all of it to machine code, for good, after some 60,000 of them; a server
 * that has run for a minute under load is past that.
 */
export async function warmUp(
  { noop, servers, store, key, population }: Measured,
  rounds: number,
): Promise<void> {
  const known = accessTokens(pick(KNOWN_TOKENS, population.grants), population, key);
  for (let round = 0; round < rounds; round++) {
    for (const path of ['/verify/echo', '/bare']) await load(noop, path, known, WARM_UP.known);
    const unseen = accessTokens(pick(WARM_UP.unseen, population.grants), population, key);
    for (const server of servers) {
      await load(server, '/verify/echo', known, WARM_UP.known);
      await load(server, '/verify/echo', unseen, unseen.length);
      await loadRefresh(server, store, population, WARM_UP.refresh);
    }
  }
}

/** @returns the medians of all rounds' and processes' ratios */
export async function measureRatios(
  measured: Measured,
  sizes: RoundSizes,
  print: (line: string) => void,
): Promise<Ratios> {
  const { servers, key, population } = measured;
  const known = accessTokens(pick(KNOWN_TOKENS, population.grants), population, key);
  const samples: Ratios[] = [];
  for (let round = 1; round <= sizes.rounds; round++) {
    for (const [index, server] of servers.entries()) {
      const costs = await measureCosts(measured, server, known, sizes);
      samples.push(ratiosOf(costs));
      const words = Object.entries(costs).map(([name, cost]) => `${name} ${cost.toFixed(1)}`);
      print(`round ${round}, process ${index + 1}: µs/req ${words.join(', ')}`);
    }
  }
  const middle = (name: keyof Ratios) => median(samples.map((sample) => sample[name]));
  return {
    known: middle('known'),
    knownAgainstBare: middle('knownAgainstBare'),
    unseen: middle('unseen'),
    refresh: middle('refresh'),
  };
}

/** Processor time of one of each, in microseconds. */
type Costs = Record<'no-op' | 'bare' | 'known' | 'unseen' | 'signature' | 'refresh', number>;

async function measureCosts(
  { noop, store, key, population }: Measured,
  server: ServerProcess,
  known: string[],
  amounts: Omit<RoundSizes, 'rounds'>,
): Promise<Costs> {
  const unseen = accessTokens(pick(amounts.unseen, population.grants), population, key);
  return {
    'no-op': await load(noop, '/verify/echo', known, amounts.known),
    bare: await load(noop, '/bare', known, amounts.known),
    known: await load(server, '/verify/echo', known, amounts.known),
    unseen: await load(server, '/verify/echo', unseen, unseen.length),
    signature: (await server.sign(amounts.refresh)) / amounts.refresh,
    refresh: await loadRefresh(server, store, population, amounts.refresh),
  };
}

function ratiosOf(costs: Costs): Ratios {
  return {
    known: costs['no-op'] / costs.known,
    knownAgainstBare: costs.bare / costs.known,
    unseen: costs['no-op'] / costs.unseen,
    refresh: costs.signature / costs.refresh,
  };
}
