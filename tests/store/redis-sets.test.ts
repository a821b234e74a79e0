/** The store on a Cluster and behind Sentinels: the whole contract, and fail-overs in the middle. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openRedisStore } from '../../runtime/store/redis.ts';
import { StoreUnavailableError, type RedeemCodeResult, type Store } from '../../runtime/store/store.ts';
import { describeStoreContract } from './contract.ts';
import { makeDevice, makeGrant } from './records.ts';
import { startCluster, startSentinels, type RedisSet } from './redis-cluster.ts';
import { hasRedis } from './redis-server.ts';

const SETS = [
  { name: 'cluster', start: startCluster, replicas: 1 },
  // Any of its replicas may be made the master, so all of them must have it.
  { name: 'sentinel', start: startSentinels, replicas: 2 },
];

for (const { name, start, replicas } of SETS) {
  describe.skipIf(!hasRedis)(`on a ${name} of redis-servers`, { timeout: 60_000 }, () => {
    let set: RedisSet;
    beforeAll(async () => {
      set = await start();
    }, 120_000);
    afterAll(() => set.stop());

    const open = (now?: () => number, waitReplicas = replicas): Store =>
      openRedisStore({ url: set.url, waitReplicas, timeoutMs: 4_000, ...(now && { now }) });

    describeStoreContract(`redis ${name}`, async (clock) => {
      for (const { admin } of await set.masters()) await admin.flushall();
      const stores = [open(clock.now)];
      await stores[0]?.ping();
      return {
        store: stores[0] as Store,
        reopen: () => {
          const store = open(clock.now);
          stores.push(store);
          return Promise.resolve(store);
        },
        cleanup: async () => {
          for (const store of stores) await store.close();
        },
      };
    });

    describe(`redis ${name}: fail-over`, () => {
      const opened = (waitReplicas = replicas): Store => {
        const store = open(undefined, waitReplicas);
        onTestFinished(() => store.close());
        return store;
      };

      it('lets one win each code, refresh token and device code while masters change places, and loses none', async () => {
        const stores = [opened(), opened()];
        const rounds = Array.from({ length: 100 }, () => randomUUID());
        for (const id of rounds) await prepare(stores[0] as Store, id);
        const changing = set.changePlaces();
        const races = await Promise.all(rounds.map((id, index) => race(stores, id, index * 20)));
        await changing;
        for (const { id, redeemed, taken, answers } of races) {
          expect(redeemed).toBeLessThanOrEqual(1);
          expect(taken).toBeLessThanOrEqual(1);
          // Whoever got an answer got the same one, and it is still the one to be had.
          answers.push(await eventually(() => rotate(stores[0] as Store, id, 'late')));
          expect(new Set(answers).size).toBe(1);
        }
        const won = races.filter(({ redeemed }) => redeemed === 1);
        expect(won.length).toBeGreaterThan(0);
        for (const { id } of won) {
          const again = eventually(() => redeem(stores[1] as Store, id));
          await expect(again).resolves.not.toMatchObject({ outcome: 'redeemed' });
        }
      });

      it('says 503 where no replica confirms, and serves again once one does', async () => {
        const store = opened();
        const [first, second] = [randomUUID(), randomUUID()];
        for (const id of [first, second]) await eventually(() => prepare(store, id));
        const masters = await set.masters();
        const followers = set.nodes.filter((node) => !masters.includes(node));
        for (const node of followers) node.freeze(true);
        onTestFinished(() => followers.forEach((node) => node.freeze(false)));
        await expect(redeem(store, first)).rejects.toThrow(/replicas confirmed/);
        for (const node of followers) node.freeze(false);
        await expect(eventually(() => redeem(store, second))).resolves.toMatchObject({ outcome: 'redeemed' });
      });

      it('forgets nothing that was used up when a master is killed', async () => {
        const store = opened();
        const rounds = Array.from({ length: 60 }, () => randomUUID());
        for (const id of rounds) await eventually(() => prepare(store, id));
        const [victim] = await set.masters();
        const used: string[] = [];
        for (const [index, id] of rounds.entries()) {
          if (index === rounds.length / 2) await victim?.kill();
          const result = await redeem(store, id).catch(() => undefined);
          if (result?.outcome === 'redeemed') used.push(id);
        }
        expect(used.length).toBeGreaterThanOrEqual(rounds.length / 2);
        // The new master has lost one of its replicas; what it knows is to be had without waiting for that one.
        const survivor = opened(0);
        for (const id of used) {
          const again = eventually(() => redeem(survivor, id));
          await expect(again).resolves.not.toMatchObject({ outcome: 'redeemed' });
        }
      });
    });
  });
}

async function prepare(store: Store, id: string): Promise<void> {
  const expiresAtMs = Date.now() + 600_000;
  const live = { expiresAtMs, codeExpiresAtMs: expiresAtMs };
  await store.putGrant(makeGrant(`code-${id}`, Date.now(), live));
  await store.putGrant(makeGrant(`refresh-${id}`, Date.now(), { ...live, codeUsed: true, generation: 1 }));
  await store.putRecord('device', id, makeDevice(id, expiresAtMs));
}

function redeem(store: Store, id: string): Promise<RedeemCodeResult> {
  return store.redeemCode(`code-${id}`, `code-of-code-${id}`, Date.now() + 600_000);
}

/** @returns the answer that the refresh token has, whoever made it */
async function rotate(store: Store, id: string, sealed: string): Promise<string> {
  const result = await store.rotateRefresh({
    grantId: `refresh-${id}`,
    generation: 1,
    sealed,
    graceMs: 600_000,
    expiresAtMs: Date.now() + 600_000,
  });
  return result.outcome === 'retry' ? result.sealed : result.outcome === 'rotated' ? sealed : result.outcome;
}

/** Four attempts at once, at a moment of their own. One that was told 503 does not count: it may have been done. */
async function race(stores: Store[], id: string, afterMs: number) {
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  const attempts = [...stores, ...stores];
  const [redeemed, taken, answers] = await Promise.all([
    Promise.allSettled(attempts.map((store) => redeem(store, id))),
    Promise.allSettled(attempts.map((store) => store.takeRecord('device', id))),
    Promise.allSettled(attempts.map((store, index) => rotate(store, id, `answer ${index}`))),
  ]);
  return {
    id,
    redeemed: valuesOf(redeemed).filter(({ outcome }) => outcome === 'redeemed').length,
    taken: valuesOf(taken).filter((device) => device !== undefined).length,
    answers: valuesOf(answers),
  };
}

function valuesOf<Value>(results: PromiseSettledResult<Value>[]): Value[] {
  return results.flatMap((result) => {
    if (result.status === 'fulfilled') return [result.value];
    if (result.reason instanceof StoreUnavailableError) return [];
    throw result.reason;
  });
}

/** Again and again while the answer is 503. */
function eventually<Result>(work: () => Promise<Result>): Promise<Result> {
  return vi.waitFor(work, { timeout: 30_000, interval: 100 });
}
