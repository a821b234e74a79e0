import { describe, expect, it } from 'vitest';
import { backoffMs, Starts } from '../../../runtime/proxy/models/starts.ts';

describe('backoffMs', () => {
  it('begins with the second failure, doubles, and ends at a minute', () => {
    expect([1, 2, 3, 4, 8, 9, 1000].map(backoffMs)).toEqual([0, 1000, 2000, 4000, 60_000, 60_000, 60_000]);
  });
});

const problem = (reason: string) => ({ reason, output: () => [] });

describe('starts', () => {
  it('wait after two failures, each command for itself, until one goes well', () => {
    let now = 0;
    const starts = new Starts(() => now);
    starts.failed('a', problem('exited with code 1'));
    expect(starts.waiting('a')).toBeUndefined();
    starts.failed('a', problem('exited with code 2'));
    expect(starts.waiting('a')).toEqual({ reason: 'exited with code 2', waitMs: 1000 });
    expect(starts.waiting('b')).toBeUndefined();
    now = 1000;
    expect(starts.waiting('a')).toBeUndefined();
    starts.failed('a', problem('exited with code 3'));
    expect(starts.waiting('a')?.waitMs).toBe(2000);
    expect(starts.problem?.reason).toBe('exited with code 3');
    starts.succeeded('a');
    expect(starts.waiting('a')).toBeUndefined();
    expect(starts.problem).toBeUndefined();
  });

  it('of a thousand commands are remembered, those that failed last', () => {
    const starts = new Starts(() => 0);
    const fail = (command: string): void => {
      for (let times = 0; times < 2; times += 1) starts.failed(command, problem('exited'));
    };
    for (const command of ['a', 'b']) fail(command);
    for (let more = 0; more < 998; more += 1) fail(`${more}`);
    fail('a');
    fail('last');
    expect(['a', 'b', 'last'].map((command) => starts.waiting(command) !== undefined)).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('that are late are a problem, and none to wait for', () => {
    const starts = new Starts(() => 0);
    for (let time = 0; time < 3; time += 1) starts.late(problem('has not answered'));
    expect([starts.problem?.reason, starts.waiting('a')]).toEqual(['has not answered', undefined]);
    expect(starts.counts.failed).toBe(0);
    starts.succeeded('a');
    expect(starts.problem).toBeUndefined();
  });
});
