/** What a record costs in Redis: the growth of `used_memory` over some thousands of them. */
import type { Redis } from 'ioredis';
import type { Store } from '../../../runtime/store/store.ts';
import { inBatches, makeClient, makeGrant, type Population } from './population.ts';

/** Far from the population's own numbers. */
const FROM = 100_000_000;
const COUNT = 5_000;
/** As long as a sealed token response. */
const SEALED = 'x'.repeat(1_100);

/** @returns bytes of one, by what it is */
export async function measureSizes(
  redis: Redis,
  store: Store,
  population: Population,
): Promise<[name: string, bytes: number][]> {
  const cost = async (write: (index: number) => Promise<unknown>): Promise<number> => {
    const before = await usedMemory(redis);
    await inBatches(FROM, FROM + COUNT, write);
    return Math.round(((await usedMemory(redis)) - before) / COUNT);
  };
  const grantOf = (index: number) => makeGrant(index, population);
  return [
    ['a client', await cost((index) => store.putClient(makeClient(index)))],
    ['a refresh token (its grant)', await cost((index) => store.putGrant(grantOf(index)))],
    [
      'a session',
      await cost((index) => {
        const { user, createdAtMs, expiresAtMs, codeHash: idHash } = grantOf(index);
        const session = { idHash, user, signedInAtMs: createdAtMs, expiresAtMs };
        return store.putRecord('session', idHash, session);
      }),
    ],
    [
      'the answer kept for a retry',
      await cost((index) =>
        store.rotateRefresh({
          grantId: grantOf(index).id,
          generation: 1,
          sealed: SEALED,
          graceMs: 0,
          expiresAtMs: grantOf(index).expiresAtMs,
        }),
      ),
    ],
  ];
}

async function usedMemory(redis: Redis): Promise<number> {
  const [, bytes] = /used_memory:(\d+)/.exec(await redis.info('memory')) ?? [];
  return Number(bytes);
}
