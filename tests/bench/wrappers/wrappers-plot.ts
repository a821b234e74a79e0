import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { barChart, type Panel } from '../plot.ts';
import type { Figures } from './bars.ts';

const FILE = 'tests/bench/wrappers/wrappers.svg';

/** @returns the file, as BENCHMARKS.md names it */
export function writePlot(figures: Figures): string {
  writeFileSync(fileURLToPath(new URL('wrappers.svg', import.meta.url)), barChart(panelsOf(figures)));
  return FILE;
}

function panelsOf({ speed, firstAnswerMs, memory }: Figures): Panel[] {
  const bars = (values: Iterable<[name: string, value: number | undefined]>): Panel['bars'] =>
    [...values].flatMap(([name, value]) =>
      value === undefined ? [] : [{ name, value, ours: name.startsWith('mcpgw') }],
    );
  const http = (concurrency: number) =>
    [...(speed.get(concurrency) ?? [])].filter(([name]) => name !== 'pipes');
  const most = Math.max(...[...memory.values()].flatMap((trees) => [...trees.keys()]));
  return [
    {
      title: 'Calls per second, 16 at a time in one session',
      better: 'more',
      bars: bars(http(16).map(([name, { callsPerSecond }]) => [name, callsPerSecond])),
    },
    {
      title: 'Calls per second, one at a time',
      better: 'more',
      bars: bars(http(1).map(([name, { callsPerSecond }]) => [name, callsPerSecond])),
    },
    {
      title: 'Slowest hundredth, 16 at a time, ms',
      better: 'less',
      bars: bars(http(16).map(([name, { p99Ms }]) => [name, p99Ms])),
    },
    { title: 'First answer of a new session, ms', better: 'less', bars: bars(firstAnswerMs) },
    {
      title: `Memory of ${most} sessions (PSS), MB`,
      better: 'less',
      bars: bars([...memory].map(([name, trees]) => [name, trees.get(most)?.pss])),
    },
  ];
}
