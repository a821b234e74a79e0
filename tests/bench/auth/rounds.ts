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
  auth: ServerProcess;
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

/** @returns the medians of the rounds' ratios */
export async function measureRatios(
  { noop, auth, store, key, population }: Measured,
  sizes: RoundSizes,
  print: (line: string) => void,
): Promise<Ratios> {
  const known = accessTokens(pick(KNOWN_TOKENS, population.grants), population, key);
  const samples: Record<keyof Ratios, number[]> = {
    known: [],
    knownAgainstBare: [],
    unseen: [],
    refresh: [],
  };
  for (let round = -1; round < sizes.rounds; round++) {
    const unseen = accessTokens(pick(sizes.unseen, population.grants), population, key);
    const nothing = await load(noop, '/verify/echo', known, sizes.known);
    const bare = await load(noop, '/bare', known, sizes.known);
    const verified = await load(auth, '/verify/echo', known, sizes.known);
    const first = await load(auth, '/verify/echo', unseen, unseen.length);
    const signed = (await auth.sign(sizes.refresh)) / sizes.refresh;
    const refreshed = await loadRefresh(auth, store, population, sizes.refresh);
    if (round < 0) continue; // Warming up.
    samples.known.push(nothing / verified);
    samples.knownAgainstBare.push(bare / verified);
    samples.unseen.push(nothing / first);
    samples.refresh.push(signed / refreshed);
    print(
      `round ${round + 1}: µs/req no-op ${show(nothing)}, bare ${show(bare)}, known ${show(verified)}, unseen ${show(first)}, signature ${show(signed)}, refresh ${show(refreshed)}`,
    );
  }
  return {
    known: median(samples.known),
    knownAgainstBare: median(samples.knownAgainstBare),
    unseen: median(samples.unseen),
    refresh: median(samples.refresh),
  };
}

function show(microseconds: number): string {
  return microseconds.toFixed(1);
}
