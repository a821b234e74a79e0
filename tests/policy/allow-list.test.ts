import { describe, expect, it } from 'vitest';
import { createAllowList } from '../../runtime/policy/allow-list.ts';

describe('invariant 7: the allow-list', () => {
  it('lets nobody in when it is empty', () => {
    for (const entries of [[], [''], [' ']]) {
      expect(createAllowList(entries)('alice')).toBe(false);
      expect(createAllowList(entries)('')).toBe(false);
    }
  });

  it('is trimmed and case-insensitive, on both sides', () => {
    const admits = createAllowList([' Octocat ', 'hubot']);
    expect(['octocat', 'OCTOCAT', 'Hubot'].map(admits)).toEqual([true, true, true]);
    expect(['octocat2', 'octo', '', '*'].map(admits)).toEqual([false, false, false, false]);
  });

  it('lets anybody in for * alone, and * beside names means nothing', () => {
    expect(createAllowList(['*'])('anybody')).toBe(true);
    expect(createAllowList([' * ', ''])('anybody')).toBe(true);
    const admits = createAllowList(['*', 'octocat']);
    expect([admits('anybody'), admits('octocat'), admits('*')]).toEqual([false, true, false]);
  });
});
