import { describe, expect, it } from 'vitest';
import { createSharedBuckets } from '../../../runtime/auth/limits/shared-buckets.ts';
import { createMemoryStore } from '../../../runtime/store/memory.ts';
import { StoreUnavailableError } from '../../../runtime/store/store.ts';
import { createTestClock, switchable } from '../../helpers/oauth-server.ts';

const LIMIT = { burst: 80, perSecond: 8 };

function setUp() {
  const clock = createTestClock();
  const store = switchable(createMemoryStore({ now: clock.now }));
  return { clock, store, replica: () => createSharedBuckets(store, clock.now) };
}

/** Takes until there is none. @returns how many there were */
async function drain(buckets: ReturnType<typeof createSharedBuckets>, limit = LIMIT, most = 1_000) {
  for (let count = 0; count < most; count++)
    if ((await buckets.take('a', limit, 'count-alone')) > 0) return count;
  return most;
}

describe('buckets that replicas share', () => {
  it('asks the store for nothing while a caller is quiet', async () => {
    const { store, replica } = setUp();
    const buckets = replica();
    for (let count = 0; count < 10; count++) expect(buckets.take('a', LIMIT, 'count-alone')).toBe(0);
    expect(store.calls).toEqual([]);
    expect(buckets.take('a', LIMIT, 'count-alone')).toBeInstanceOf(Promise);
  });

  it('one process has the burst, exactly, and then the rate', async () => {
    const { clock, store, replica } = setUp();
    const buckets = replica();
    expect(await drain(buckets)).toBe(80);
    const asked = store.calls.length;
    expect(asked).toBeLessThan(12);
    // A flood that is refused costs the store nothing.
    for (let count = 0; count < 100; count++) await buckets.take('a', LIMIT, 'count-alone');
    expect(store.calls.length).toBe(asked);
    expect(buckets.waitMs('a')).toBeGreaterThan(0);
    clock.advance(1_000);
    expect(await drain(buckets)).toBe(8);
  });

  it('several have one burst together, but for what each lets through unasked', async () => {
    const { replica } = setUp();
    const counts = [];
    for (const buckets of [replica(), replica(), replica()]) counts.push(await drain(buckets));
    const sum = counts.reduce((total, count) => total + count, 0);
    expect(sum).toBeGreaterThanOrEqual(80);
    expect(sum).toBeLessThanOrEqual(80 + 2 * 10);
  });

  it('concurrent callers ask once, and get no more than there is', async () => {
    const { store, replica } = setUp();
    const buckets = replica();
    const waits = await Promise.all(
      Array.from({ length: 300 }, () => Promise.resolve(buckets.take('a', LIMIT, 'count-alone'))),
    );
    expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(80);
    expect(store.calls.length).toBeLessThan(12);
  });

  it('a small one is asked for each time, so that replicas agree exactly', async () => {
    const { replica } = setUp();
    const [a, b] = [replica(), replica()];
    const small = { burst: 3, perSecond: 1 };
    const results = [];
    for (const buckets of [a, b, a, b, a]) results.push(await buckets.take('x', small, 'refuse'));
    expect(results.map((waitMs) => waitMs === 0)).toEqual([true, true, true, false, false]);
  });

  it('with the store down a process counts alone, or refuses where guessing is what it is against', async () => {
    const { clock, store, replica } = setUp();
    store.down = true;
    const buckets = replica();
    const small = { burst: 3, perSecond: 1 };
    await expect(Promise.resolve(buckets.take('b', small, 'refuse'))).rejects.toThrow(StoreUnavailableError);
    expect(await drain(buckets, small)).toBe(3);
    const asked = store.calls.length;
    await buckets.take('a', small, 'count-alone');
    expect(store.calls.length).toBe(asked);
    store.down = false;
    clock.advance(1_000);
    expect(await drain(buckets, small)).toBeGreaterThan(0);
  });

  it('remembers a bounded number', async () => {
    const { replica } = setUp();
    const buckets = replica();
    for (let name = 0; name < 50_000; name++) await buckets.take(`caller ${name}`, LIMIT, 'count-alone');
    expect(await drain(buckets)).toBe(80);
  });
});
