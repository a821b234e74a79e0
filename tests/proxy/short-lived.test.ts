import { expect, it } from 'vitest';
import { ShortLivedMap } from '../../runtime/proxy/short-lived.ts';

it('is a map', () => {
  const map = new ShortLivedMap<string | number, { name: string }>();
  const [one, two] = [{ name: 'one' }, { name: 'two' }];
  map.set(1, one);
  map.set('1', two);
  expect([map.size, map.get(1), map.get('1'), map.get(2)]).toEqual([2, one, two, undefined]);
  expect([...map.values()]).toEqual([one, two]);
  map.set(1, two);
  expect([map.size, map.get(1)]).toEqual([2, two]);
  expect([map.delete(1), map.delete(1), map.size]).toEqual([true, false, 1]);
  map.clear();
  expect([map.size, [...map.values()]]).toEqual([0, []]);
});

it('may be emptied while its values are walked', () => {
  const map = new ShortLivedMap<number, number>();
  for (let key = 0; key < 100; key++) map.set(key, key);
  const seen: number[] = [];
  for (const value of map.values()) {
    seen.push(value);
    map.delete(value);
    map.delete(value + 1);
  }
  expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => 2 * index));
  expect(map.size).toBe(0);
});
