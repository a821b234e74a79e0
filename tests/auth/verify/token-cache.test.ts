import { describe, expect, it } from 'vitest';
import { createTokenCache } from '../../../runtime/auth/verify/token-cache.ts';

const nameOf = (index: number) => `${'x'.repeat(890)}token ${index}`;
const END = 'signature'.repeat(10);

describe('the verified-token cache', () => {
  it('finds, replaces and forgets', () => {
    const cache = createTokenCache<number>(1_000_000);
    cache.set('a', 1);
    cache.set('a', 2);
    expect(cache.get('a')).toBe(2);
    cache.delete('a');
    expect(cache.get('a')).toBeUndefined();
    expect(cache.bytes).toBe(0);
  });

  it('knows a token by all of its characters', () => {
    const cache = createTokenCache<number>(1_000_000);
    for (let use = 0; use < 2; use++) {
      cache.set(`a.${END}`, 1);
      expect(cache.get(`a.${END}`)).toBe(1);
      expect(cache.get(`b.${END}`)).toBeUndefined();
      cache.delete(`b.${END}`);
      expect(cache.get(`a.${END}`)).toBe(1);
      expect([cache.size, cache.bytes]).toEqual([1, 4096 + 92]);
    }
    cache.set(`longer.${END}`, 2);
    expect(cache.get(`a.${END}`)).toBeUndefined();
    expect(cache.get(`longer.${END}`)).toBe(2);
    expect([cache.size, cache.bytes]).toEqual([1, 4096 + 97]);
    cache.delete(`longer.${END}`);
    expect([cache.size, cache.bytes]).toEqual([0, 0]);
  });

  it('stays within its bound, and keeps what is in use', () => {
    const maxBytes = 1_000_000;
    const cache = createTokenCache<number>(maxBytes);
    cache.set('in use', 0);
    for (let index = 0; index < 5_000; index++) {
      for (let use = 0; use < 2; use++) cache.set(nameOf(index), index);
      expect(cache.get('in use')).toBe(0);
      expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
    }
    expect(cache.get(nameOf(0))).toBeUndefined();
    expect(cache.get(nameOf(4_999))).toBe(4_999);
  });

  it('keeps few of those that are used once, however many come, and loses none in use to them', () => {
    const cache = createTokenCache<number>(10_000_000);
    for (let index = 0; index < 500; index++) {
      cache.set(nameOf(index), index);
      expect(cache.get(nameOf(index))).toBe(index);
    }
    for (let index = 500; index < 20_000; index++) cache.set(nameOf(index), index);
    for (let index = 0; index < 500; index++) expect(cache.get(nameOf(index))).toBe(index);
    expect(cache.size).toBeLessThan(500 + 250);
    expect([...cache.values()]).toHaveLength(cache.size);
  });

  it('keeps one that comes again after it was forgotten', () => {
    const cache = createTokenCache<number>(10_000_000);
    const comeBy = (from: number, to: number) => {
      for (let index = from; index < to; index++) cache.set(nameOf(index), index);
    };
    comeBy(0, 500);
    expect(cache.get(nameOf(0))).toBeUndefined();
    comeBy(0, 1);
    comeBy(500, 1_000);
    expect(cache.get(nameOf(0))).toBe(0);
  });
});
