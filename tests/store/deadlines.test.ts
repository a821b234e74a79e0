import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDeadlines } from '../../runtime/store/redis/deadlines.ts';

const never = () => new Promise<never>(() => undefined);

describe('deadlines', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('give what settles in time as it is', async () => {
    const within = createDeadlines(100);
    await expect(within(Promise.resolve(7))).resolves.toBe(7);
    await expect(within(Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('end each at its own time, however many are under way, and those that begin later too', async () => {
    const within = createDeadlines(100);
    const ended: string[] = [];
    const begin = (name: string, asked: Promise<unknown> = never()) =>
      void within(asked).then(
        () => ended.push(name),
        (error: unknown) => ended.push(`${name}: ${(error as Error).message}`),
      );
    begin('a');
    await vi.advanceTimersByTimeAsync(60);
    begin('b');
    begin('c', new Promise((resolve) => setTimeout(resolve, 50)));
    await vi.advanceTimersByTimeAsync(39);
    expect(ended).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toEqual(['a: no answer within 100 ms']);
    await vi.advanceTimersByTimeAsync(10);
    expect(ended).toEqual(['a: no answer within 100 ms', 'c']);
    await vi.advanceTimersByTimeAsync(50);
    expect(ended.slice(2)).toEqual(['b: no answer within 100 ms']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(vi.getTimerCount()).toBe(0);
    begin('d');
    await vi.advanceTimersByTimeAsync(100);
    expect(ended.slice(3)).toEqual(['d: no answer within 100 ms']);
  });
});
