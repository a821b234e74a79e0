import { describe, expect, it } from 'vitest';
import { ExpiringMap } from '../../runtime/store/expiring-map.ts';
import { TestClock } from './records.ts';

describe('ExpiringMap', () => {
  it('does not grow by what has ended, though nobody asks for it again', () => {
    const clock = new TestClock();
    const map = new ExpiringMap<{ expiresAtMs?: number }>(clock.now);
    map.put('for ever', {});
    for (let index = 0; index < 5_000; index++) {
      map.put(`record ${index}`, { expiresAtMs: clock.now() + 10 });
      clock.advance(1);
      expect(map.size).toBeLessThan(30);
    }
    expect(map.get('for ever')).toStrictEqual({});
  });
});
