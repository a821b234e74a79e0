import { describe, expect, it } from 'vitest';
import { Turns } from '../../runtime/proxy/turns.ts';

describe('turns', () => {
  it('come one after the other, and not to those who have left', () => {
    const turns = new Turns();
    const begun: number[] = [];
    for (const id of [1, 2, 3]) turns.take(id, () => begun.push(id));
    expect(begun).toEqual([1]);
    expect(turns.end(2)).toBe(false);
    expect(turns.end(9)).toBe(true);
    expect(begun).toEqual([1]);
    expect(turns.end(1)).toBe(true);
    expect(begun).toEqual([1, 3]);
    expect(turns.end(3)).toBe(true);
    turns.take(4, () => begun.push(4));
    expect(begun).toEqual([1, 3, 4]);
  });
});
