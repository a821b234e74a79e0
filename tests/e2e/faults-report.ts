/** What the callers saw of a fault, as a row of a table. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Call, Load } from './faults-load.ts';

export interface Outcome {
  fault: string;
  calls: number;
  /** Number by status or reason. */
  failed: Record<string, number>;
  callers: string[];
  /** From the first failed call to the next that succeeded, of the caller that was hit longest. */
  lastedMs: number;
  /** The longest that a call took which succeeded. */
  slowestMs: number;
}

/** Calls in a row that count as healed. */
const ENOUGH = 3;
const LOOK_EVERY_MS = 100;

/**
 * Makes a fault, and waits until every caller is served again.
 * @throws Error naming the callers that are not, after `timeoutMs`
 */
export async function undergo(
  load: Load,
  fault: string,
  act: () => Promise<void>,
  timeoutMs = 120_000,
): Promise<Outcome> {
  const startMs = performance.now();
  await act();
  await healed(load, performance.now(), timeoutMs);
  return outcomeOf(
    fault,
    load.calls.filter((call) => call.endMs >= startMs),
  );
}

export async function healed(load: Load, sinceMs: number, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const sick = load.callers.filter((caller) => {
      const own = load.calls.filter((call) => call.caller === caller && call.startMs >= sinceMs);
      return own.length < ENOUGH || own.slice(-ENOUGH).some(({ failure }) => failure !== undefined);
    });
    if (sick.length === 0) return;
    if (performance.now() > endMs) {
      const last = sick.map((caller) => {
        const call = load.calls.findLast((one) => one.caller === caller);
        return `${caller} (${call?.failure ?? 'no call'})`;
      });
      throw new Error(`not served again after ${timeoutMs / 1_000} s: ${last.join(', ')}`);
    }
    await delay(LOOK_EVERY_MS);
  }
}

export function outcomeOf(fault: string, calls: readonly Call[]): Outcome {
  const failed: Record<string, number> = {};
  const callers = new Map<string, Call[]>();
  for (const call of calls) {
    callers.set(call.caller, [...(callers.get(call.caller) ?? []), call]);
    if (call.failure !== undefined) failed[call.failure] = (failed[call.failure] ?? 0) + 1;
  }
  const hit = [...callers].filter(([, own]) => own.some(({ failure }) => failure !== undefined));
  return {
    ...{ fault, calls: calls.length, failed },
    callers: hit.map(([name]) => name),
    lastedMs: Math.max(0, ...hit.map(([, own]) => outageMs(own))),
    slowestMs: Math.max(
      0,
      ...calls.flatMap(({ startMs, endMs, failure }) => (failure === undefined ? [endMs - startMs] : [])),
    ),
  };
}

function outageMs(calls: readonly Call[]): number {
  const first = calls.find(({ failure }) => failure !== undefined);
  const last = calls.findLastIndex(({ failure }) => failure !== undefined);
  const after = calls[last + 1] ?? calls[last];
  return first === undefined || after === undefined ? 0 : after.endMs - first.startMs;
}

export function failures({ failed }: Outcome): number {
  return Object.values(failed).reduce((sum, count) => sum + count, 0);
}

/** A Markdown table. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((outcome) => {
    const kinds = Object.entries(outcome.failed).map(([kind, count]) => `${count} × ${kind}`);
    return [
      outcome.fault,
      String(outcome.calls),
      kinds.length === 0 ? 'none' : kinds.join(', '),
      outcome.callers.length > 3 ? `${outcome.callers.length} of them` : outcome.callers.join(', ') || '–',
      outcome.lastedMs === 0 ? '–' : seconds(outcome.lastedMs),
      seconds(outcome.slowestMs),
    ];
  });
  const head = ['fault', 'calls', 'failed', 'of which callers', 'lasted', 'slowest that succeeded'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
