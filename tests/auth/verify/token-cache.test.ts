import { describe, expect, it } from 'vitest';
import { createTokenCache } from '../../../runtime/auth/verify/token-cache.ts';

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

  it('stays within its bound, and keeps what is in use', () => {
    const maxBytes = 1_000_000;
    const cache = createTokenCache<number>(maxBytes);
    cache.set('in use', 0);
    for (let index = 0; index < 5_000; index++) {
      cache.set(`token ${index}`.padEnd(900, 'x'), index);
      expect(cache.get('in use')).toBe(0);
      expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
    }
    expect(cache.get('token 0'.padEnd(900, 'x'))).toBeUndefined();
  });
});
