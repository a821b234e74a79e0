import { describe, expect, it } from 'vitest';
import { barChart } from '../plot.ts';
import { barsOf, processorRatios, type Figures } from './bars.ts';

const speedOf = (callsPerSecond: number, p99Ms: number, ownCpuUs: number) => ({
  callsPerSecond,
  p99Ms,
  ownCpuUs,
  cpuUs: ownCpuUs,
});
const tree = (rss: number, rootRss: number) => ({ pids: [1], rss, pss: rss, rootRss });

const figures = (): Figures => ({
  speed: new Map([
    [
      16,
      new Map([
        ['mcpgw', speedOf(6000, 4, 40)],
        ['mcpgw, 2026-07-28', speedOf(4000, 6, 80)],
        ['supergateway', speedOf(1500, 11, 160)],
        ['mcp-proxy', speedOf(2000, 10, 200)],
      ]),
    ],
  ]),
  firstAnswerMs: new Map([['mcpgw, warm spare', 30]]),
  memory: new Map([
    [
      'mcpgw',
      new Map([
        [0, tree(100, 100)],
        [20, tree(1700, 121)],
      ]),
    ],
  ]),
  leftovers: new Map([['mcpgw', { before: 0, open: 5, afterDelete: 0, afterVanishing: 1 }]]),
});

describe('the bars', () => {
  it('measure against the better of the other wrappers, each in its own way', () => {
    expect(barsOf(figures())).toEqual([
      { line: 'calls at c16, of the better wrapper: 3.00 (at least 3)', met: true },
      { line: 'p99 at c16, of the better wrapper: 0.40 (at most 0.4)', met: true },
      { line: 'calls of 2026-07-28 at c16, of those in a session: 0.67 (at least 0.8)', met: false },
      { line: 'first answer with a warm spare: 30 ms (at most 30)', met: true },
      { line: "the wrapper's own RSS for each of 20 sessions: 1.05 MB (at most 1)", met: false },
      { line: 'children left after DELETE and after clients vanished: 0 and 1 (0)', met: false },
    ]);
    expect(processorRatios(figures())).toEqual([
      'processor time of a call at c16, of the better wrapper over ours: 4.00',
      'processor time of a call at c16, in a session over one of 2026-07-28: 0.50',
    ]);
  });

  it('leave out what was not measured', () => {
    const empty = { speed: new Map(), firstAnswerMs: new Map(), memory: new Map(), leftovers: new Map() };
    expect(barsOf(empty)).toEqual([]);
    expect(processorRatios(empty)).toEqual([]);
  });
});

describe('the plot', () => {
  it('shows each value, and escapes names', () => {
    const svg = barChart([
      {
        title: 'Calls',
        better: 'more',
        bars: [
          { name: 'a<b', value: 1234.4, ours: true },
          { name: 'c', value: 2.25 },
        ],
      },
      { title: 'Nothing', better: 'less', bars: [] },
    ]);
    expect(svg).toContain('a&lt;b');
    expect(svg).toContain('>1,234<');
    expect(svg).toContain('>2.3<');
    expect(svg).not.toContain('Nothing');
  });
});
