import { describe, expect, it } from 'vitest';
import { createTogether } from '../../runtime/store/redis/together.ts';
import { createEndOfTurn } from '../../runtime/store/redis/turn.ts';

describe('questions of one turn', () => {
  it('go together, in order, and those of a later turn later', async () => {
    const batches: number[][] = [];
    const ask = createTogether<number, string>(createEndOfTurn(), async (all) => {
      batches.push(all);
      return all.map((question) => `answer ${question}`);
    });
    expect(await Promise.all([ask(1), ask(2), ask(3)])).toEqual(['answer 1', 'answer 2', 'answer 3']);
    expect(await ask(4)).toBe('answer 4');
    expect(batches).toEqual([[1, 2, 3], [4]]);
  });

  it('hold up nobody else for long', async () => {
    const sizes: number[] = [];
    const ask = createTogether<number, number>(createEndOfTurn(), async (all) => {
      sizes.push(all.length);
      return all;
    });
    const numbers = Array.from({ length: 450 }, (_, index) => index);
    expect(await Promise.all(numbers.map(ask))).toEqual(numbers);
    expect(sizes).toEqual([200, 200, 50]);
  });

  it('fail together, and the next ones do not', async () => {
    let fails = true;
    const ask = createTogether<number, number>(createEndOfTurn(), async (all) => {
      if (fails) throw new Error('down');
      return all;
    });
    expect(await Promise.allSettled([ask(1), ask(2)])).toMatchObject([
      { reason: { message: 'down' } },
      { reason: { message: 'down' } },
    ]);
    fails = false;
    expect(await ask(3)).toBe(3);
  });
});
