import { describe, expect, it } from 'vitest';
import type { ServiceState, ServiceStatus } from '../../../cli/compose/containers.ts';
import { createOutput } from '../../../cli/output.ts';
import { lineProgress, terminalProgress } from '../../../cli/up/progress.ts';

const { style } = createOutput({}, { write: () => undefined }, { write: () => undefined }, {});
const status = (service: string, state: ServiceState, wanted = 1): ServiceStatus => ({
  ...{
    service,
    state,
    wanted,
    ready: state === 'healthy' ? wanted : 0,
    exitCode: 1,
    checked: true,
    containers: [],
  },
});

describe('without a terminal', () => {
  it('there is a line for each change, and none for what was well from the start', () => {
    const lines: string[] = [];
    const progress = lineProgress((line) => lines.push(line), style);
    progress.activity('building auth');
    progress.activity('building auth: step 1');
    progress.done('built in 1.0 s: auth');
    progress.services([status('redis', 'healthy'), status('auth', 'waiting')]);
    progress.services([status('redis', 'healthy'), status('auth', 'starting')]);
    progress.services([status('redis', 'healthy'), status('auth', 'starting')]);
    progress.services([status('redis', 'healthy'), status('auth', 'healthy')]);
    expect(lines.map((line) => line.trim().replace(/ +/g, ' '))).toEqual([
      ...['building auth …', 'built in 1.0 s: auth', 'auth starting', 'auth healthy'],
    ]);
  });
});

describe('on a terminal', () => {
  function terminal(rows = 24) {
    let screen = '';
    const progress = terminalProgress(
      { write: (text: string) => (screen += text), columns: 40, rows },
      style,
      () => 0,
    );
    return { progress, written: () => screen };
  }
  it('the table is drawn over the one before, and is gone at the end', () => {
    const { progress, written } = terminal();
    progress.services([status('auth', 'starting', 2), status('redis', 'healthy')]);
    progress.services([status('auth', 'healthy', 2), status('redis', 'healthy')]);
    progress.end();
    expect(written()).toContain('● auth                 0/2  starting');
    expect(written().match(/\u001b\[3A\u001b\[J/g)).toHaveLength(2); // eslint-disable-line no-control-regex
  });
  it('nothing is wider or higher than the screen', () => {
    const { progress, written } = terminal(10);
    progress.activity('x'.repeat(200));
    progress.services(Array.from({ length: 30 }, (_, index) => status(`s${index}`, 'starting')));
    expect(
      written()
        .split('\n')
        .every((line) => line.length <= 48),
    ).toBe(true);
    expect(written().split('\n').length).toBeLessThan(12);
  });
});
