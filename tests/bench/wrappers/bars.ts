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
  const at = (concurrency: number, name: string): Speed | undefined => speed.get(concurrency)?.get(name);
  const bars: Bar[] = [];
  const add = (what: string, ours: number | undefined, theirs: number | undefined, bound: Bound): void => {
    if (ours === undefined || theirs === undefined) return;
    const value = ours / theirs;
    const { least = 0, most = Infinity } = bound;
    const words = bound.most === undefined ? `at least ${least}` : `at most ${most}`;
    bars.push({ line: `${what}: ${value.toFixed(2)} (${words})`, met: value >= least && value <= most });
  };
  const rate = (concurrency: number, name = 'mcpgw') => at(concurrency, name)?.callsPerSecond;
  const p99 = ({ p99Ms }: Speed) => p99Ms;
  const perSecond = ({ callsPerSecond }: Speed) => callsPerSecond;
  add('calls at c16, of the better wrapper', rate(16), best(speed, 16, perSecond, Math.max), { least: 3 });
  add('calls at c1, of the better wrapper', rate(1), best(speed, 1, perSecond, Math.max), { least: 1.7 });
  add('p99 at c16, of the better wrapper', at(16, 'mcpgw')?.p99Ms, best(speed, 16, p99, Math.min), {
    most: 0.4,
  });
  add('calls at c16, of the own HTTP mode', rate(16), rate(16, 'own HTTP mode'), { least: 2.5 });
  const modern = rate(16, 'mcpgw, 2026-07-28');
  add('calls of 2026-07-28 at c16, of those in a session', modern, rate(16), { least: 0.8 });
  return bars;
}

interface Bound {
  least?: number;
  most?: number;
}

/** @returns the better of the other wrappers, if there are any */
function best(
  speed: Figures['speed'],
  concurrency: number,
  of: (speed: Speed) => number,
  choose: typeof Math.max,
): number | undefined {
  const values = OTHERS.flatMap((name) => speed.get(concurrency)?.get(name) ?? []).map(of);
  return values.length === 0 ? undefined : choose(...values);
}

/** The same by processor time, which says more than the clock on a machine that others use too. @returns lines */
export function processorRatios({ speed }: Figures): string[] {
  return [...speed].flatMap(([concurrency, byName]) => {
    const ours = byName.get('mcpgw')?.ownCpuUs;
    const theirs = best(speed, concurrency, ({ ownCpuUs }) => ownCpuUs, Math.min);
    const modern = byName.get('mcpgw, 2026-07-28')?.ownCpuUs;
    const line = (what: string, one: number | undefined, other: number | undefined) =>
      one === undefined || other === undefined || other === 0
        ? []
        : [`processor time of a call at c${concurrency}, ${what}: ${(one / other).toFixed(2)}`];
    return [
      ...line('of the better wrapper over ours', theirs, ours),
      ...line('in a session over one of 2026-07-28', ours, modern),
    ];
  });
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
