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

/**
 * Asked before anything is measured. The path of a refresh is long, and V8 has compiled all of it to machine code after
 * some 20,000 of them; a server that has run for a minute under load is past that.
 */
const WARM_UP: Omit<RoundSizes, 'rounds'> = { known: 40_000, unseen: 15_000, refresh: 24_000 };

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
  for (let round = 0; round <= sizes.rounds; round++) {
    const amounts = round === 0 ? WARM_UP : sizes;
    const unseen = accessTokens(pick(amounts.unseen, population.grants), population, key);
    const nothing = await load(noop, '/verify/echo', known, amounts.known);
    const bare = await load(noop, '/bare', known, amounts.known);
    const verified = await load(auth, '/verify/echo', known, amounts.known);
    const first = await load(auth, '/verify/echo', unseen, unseen.length);
    const signed = (await auth.sign(amounts.refresh)) / amounts.refresh;
    const refreshed = await loadRefresh(auth, store, population, amounts.refresh);
    if (round === 0) continue;
    samples.known.push(nothing / verified);
    samples.knownAgainstBare.push(bare / verified);
    samples.unseen.push(nothing / first);
    samples.refresh.push(signed / refreshed);
    print(
      `round ${round}: µs/req no-op ${show(nothing)}, bare ${show(bare)}, known ${show(verified)}, unseen ${show(first)}, signature ${show(signed)}, refresh ${show(refreshed)}`,
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
