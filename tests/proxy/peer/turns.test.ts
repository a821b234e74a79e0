import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Turns } from '../../../runtime/proxy/peer/turns.ts';

describe('turns', () => {
  it('come one after the other, and not to those who have left', () => {
    const turns = new Turns();
    const begun: number[] = [];
    for (const id of [1, 2, 3]) turns.take(id, () => begun.push(id));
    expect(begun).toEqual([1]);
    expect(turns.cancel(2)).toBe(false);
    expect(turns.cancel(9)).toBe(true);
    turns.end(9);
    expect(begun).toEqual([1]);
    turns.end(1);
    expect(begun).toEqual([1, 3]);
    turns.end(3);
    turns.take(4, () => begun.push(4));
    expect(begun).toEqual([1, 3, 4]);
  });

  it('come a moment after one that was cancelled, or with its answer', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const turns = new Turns();
    const begun: number[] = [];
    for (const id of [1, 2, 3, 4]) turns.take(id, () => begun.push(id));
    expect(turns.cancel(1)).toBe(true);
    vi.advanceTimersByTime(999);
    expect(begun).toEqual([1]);
    vi.advanceTimersByTime(1);
    expect(begun).toEqual([1, 2]);
    turns.cancel(2);
    turns.end(2);
    expect(begun).toEqual([1, 2, 3]);
    vi.advanceTimersByTime(5_000);
    expect(begun).toEqual([1, 2, 3]);
  });
});
