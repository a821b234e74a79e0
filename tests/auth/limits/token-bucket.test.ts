import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenBucket } from '../../../runtime/auth/limits/token-bucket.ts';
import { createTestClock } from '../../helpers/oauth-server.ts';

describe('a token bucket', () => {
  it('gives a burst at once, then says how long to wait', () => {
    const clock = createTestClock(0);
    const bucket = createTokenBucket({ burst: 3, perSecond: 2 }, clock.now);
    expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([0, 0, 0, 500]);
    clock.advance(200);
    expect(bucket.take()).toBe(300);
    clock.advance(300);
    expect([bucket.take(), bucket.take()]).toEqual([0, 500]);
  });

  it('holds no more than a burst, however long it was quiet', () => {
    const clock = createTestClock(0);
    const bucket = createTokenBucket({ burst: 2, perSecond: 100 }, clock.now);
    clock.advance(86_400_000);
    expect([1, 2, 3].map(() => bucket.take() === 0)).toEqual([true, true, false]);
  });

  it('goes on after the clock was set back', () => {
    const clock = createTestClock(1_000_000);
    const bucket = createTokenBucket({ burst: 1, perSecond: 1 }, clock.now);
    bucket.take();
    clock.advance(-900_000);
    expect(bucket.take()).toBe(1_000);
    clock.advance(1_000);
    expect(bucket.take()).toBe(0);
  });

  it('never gives more than the burst and the rate (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 200 }), (pauses) => {
        const clock = createTestClock(0);
        const bucket = createTokenBucket({ burst: 5, perSecond: 3 }, clock.now);
        let given = 0;
        for (const pause of pauses) {
          clock.advance(pause);
          if (bucket.take() === 0) given += 1;
        }
        expect(given).toBeLessThanOrEqual(5 + (clock.now() * 3) / 1_000 + 1e-6);
      }),
    );
  });
});
