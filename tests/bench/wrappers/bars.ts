/** What has to be reached, each as a ratio of one run where another way is the yardstick. */
import type { Tree } from './processes.ts';
import type { Leftovers } from './sessions.ts';
import type { Speed } from './speed.ts';

export interface Figures {
  /** By concurrency, then by name. */
  speed: Map<number, Map<string, Speed>>;
  /** By name, in milliseconds. */
  firstAnswerMs: Map<string, number>;
  /** By name, then by the number of sessions. */
  memory: Map<string, Map<number, Tree>>;
  leftovers: Map<string, Leftovers>;
}

export interface Bar {
  line: string;
  met: boolean;
}

const OTHERS = ['supergateway', 'mcp-proxy'];

/** @returns those that the figures allow to judge */
export function barsOf(figures: Figures): Bar[] {
  return [...speedBars(figures), ...sessionBars(figures)];
}

function speedBars({ speed }: Figures): Bar[] {
  const bars: Bar[] = [];
  const at = (concurrency: number, name: string): Speed | undefined => speed.get(concurrency)?.get(name);
  const best = (concurrency: number, of: (speed: Speed) => number, choose: typeof Math.max) => {
    const values = OTHERS.flatMap((name) => at(concurrency, name) ?? []).map(of);
    return values.length === 0 ? undefined : choose(...values);
  };
  const rate = ({ callsPerSecond }: Speed): number => callsPerSecond;
  const p99 = ({ p99Ms }: Speed): number => p99Ms;
  const ratio = (what: string, ours?: number, theirs?: number, least?: number, most?: number): void => {
    if (ours === undefined || theirs === undefined) return;
    const value = ours / theirs;
    const bound = least === undefined ? `at most ${most ?? 0}` : `at least ${least}`;
    bars.push({
      line: `${what}: ${value.toFixed(2)} (${bound})`,
      met: value >= (least ?? 0) && value <= (most ?? Infinity),
    });
  };
  const [one, sixteen] = [at(1, 'mcpgw'), at(16, 'mcpgw')];
  ratio('calls at c16, of the better wrapper', sixteen?.callsPerSecond, best(16, rate, Math.max), 3);
  ratio('calls at c1, of the better wrapper', one?.callsPerSecond, best(1, rate, Math.max), 1.7);
  ratio('p99 at c16, of the better wrapper', sixteen?.p99Ms, best(16, p99, Math.min), undefined, 0.4);
  ratio(
    'calls at c16, of the own HTTP mode',
    sixteen?.callsPerSecond,
    at(16, 'own HTTP mode')?.callsPerSecond,
    2.5,
  );
  const modern = at(16, 'mcpgw, 2026-07-28')?.callsPerSecond;
  ratio('calls of 2026-07-28 at c16, of those in a session', modern, sixteen?.callsPerSecond, 0.8);
  return bars;
}

/** No wrapper may take more of its own for a session, in MB. */
const MB_PER_SESSION = 1;

function sessionBars({ firstAnswerMs, memory, leftovers }: Figures): Bar[] {
  const bars: Bar[] = [];
  const spare = firstAnswerMs.get('mcpgw, warm spare');
  if (spare !== undefined)
    bars.push({
      line: `first answer with a warm spare: ${spare.toFixed(0)} ms (at most 30)`,
      met: spare <= 30,
    });
  const [count = 0] = [...(memory.get('mcpgw')?.keys() ?? [])].filter((each) => each === 5 || each === 20);
  const user = memory.get('mcpgw, user mode');
  const [oneUser, manyUser] = [user?.get(1), user?.get(count)];
  if (oneUser !== undefined && manyUser !== undefined) {
    const value = manyUser.rss / oneUser.rss;
    const line = `RSS of ${count} sessions in user mode, of one: ${value.toFixed(2)} (at most 1.3)`;
    bars.push({ line, met: value <= 1.3 });
  }
  const session = memory.get('mcpgw');
  const [none, many] = [session?.get(0), session?.get(count)];
  if (none !== undefined && many !== undefined) {
    const value = (many.rootRss - none.rootRss) / count;
    const line = `the wrapper's own RSS for each of ${count} sessions: ${value.toFixed(2)} MB (at most ${MB_PER_SESSION})`;
    bars.push({ line, met: value <= MB_PER_SESSION });
  }
  const left = leftovers.get('mcpgw');
  if (left !== undefined) {
    const { afterDelete, afterVanishing } = left;
    const line = `children left after DELETE and after clients vanished: ${afterDelete} and ${afterVanishing} (0)`;
    bars.push({ line, met: afterDelete + afterVanishing === 0 });
  }
  return bars;
}
