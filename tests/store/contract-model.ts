/** Model test: whatever the sequence of calls, the store answers what the memory store answers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../runtime/store/memory.ts';
import type { Store } from '../../runtime/store/store.ts';
import type { OpenStoreForTest } from './contract.ts';
import { GRACE_MS, TestClock, makeClient, makeGrant, makeKey, makeTransaction } from './records.ts';

const RUNS = 40;
const STEPS = 40;

interface Setting {
  store: Store;
  clock: TestClock;
  /** Makes an id that only this run uses, so that runs do not see each other's records. */
  id: (name: string) => string;
}
/** Acts on one store and returns all that can be seen of it. */
type Step = (setting: Setting) => Promise<unknown>;
/** `generation` is relative to the current one, which both stores agree on. */
interface Command {
  name: string;
  run: Step;
  advanceMs?: number;
}

const command = (name: string, run: Step): Command => ({ name, run });
const object = fc.constantFrom('a', 'b');
const user = fc.constantFrom('u', 'v');
const duration = fc.constantFrom(0, 1, 1_000, 60_000, GRACE_MS, GRACE_MS + 1, 10 * GRACE_MS);

const clientCommand = fc.oneof(
  fc
    .tuple(object, fc.option(duration, { nil: undefined }), fc.constantFrom('put', 'swap', 'swap stale'))
    .map(([name, ttlMs, how]) =>
      command(`${how}Client ${name} ${ttlMs}`, async ({ store, clock, id }) => {
        const end = ttlMs === undefined ? {} : { expiresAtMs: clock.now() + ttlMs };
        const client = makeClient(id(name), clock.now(), end);
        if (how === 'put') return store.putClient(client);
        const read = (how === 'swap' ? await store.getClient(id(name)) : undefined) ?? client;
        return store.swapClient(read, client);
      }),
    ),
  object.map((name) => command(`getClient ${name}`, ({ store, id }) => store.getClient(id(name)))),
  object.map((name) => command(`deleteClient ${name}`, ({ store, id }) => store.deleteClient(id(name)))),
  fc.constant(command('listClients', ({ store }) => store.listClients())),
);

const transactionCommand = fc.oneof(
  fc
    .tuple(object, duration)
    .map(([name, ttlMs]) =>
      command(`putTransaction ${name} ${ttlMs}`, ({ store, clock, id }) =>
        store.putRecord('transaction', id(name), makeTransaction(id(name), clock.now() + ttlMs)),
      ),
    ),
  object.map((name) =>
    command(`getTransaction ${name}`, ({ store, id }) => store.getRecord('transaction', id(name))),
  ),
  object.map((name) =>
    command(`takeTransaction ${name}`, ({ store, id }) => store.takeRecord('transaction', id(name))),
  ),
);

const grantCommand = fc.oneof(
  fc.tuple(object, user, duration, duration).map(([name, userName, codeTtlMs, ttlMs]) =>
    command(`putGrant ${name} ${userName} ${codeTtlMs} ${ttlMs}`, ({ store, clock, id }) => {
      const grant = makeGrant(id(name), clock.now());
      const codeExpiresAtMs = clock.now() + codeTtlMs;
      const expiresAtMs = clock.now() + ttlMs;
      return store.putGrant({
        ...grant,
        codeExpiresAtMs,
        expiresAtMs,
        user: { ...grant.user, id: id(userName) },
      });
    }),
  ),
  fc.tuple(object, fc.boolean(), duration).map(([name, isRight, ttlMs]) =>
    command(`redeemCode ${name} ${isRight} ${ttlMs}`, ({ store, clock, id }) => {
      const codeHash = isRight ? `code-of-${id(name)}` : 'guess';
      return store.redeemCode(id(name), codeHash, clock.now() + ttlMs);
    }),
  ),
  object.map((name) => command(`revokeGrant ${name}`, ({ store, id }) => store.revokeGrant(id(name)))),
);

const rotateCommand = fc
  .tuple(object, fc.constantFrom(0, 0, 0, -1, -1, -2, -3, -8, -9, 1), duration, fc.string())
  .map(([name, offset, graceMs, sealed]) =>
    command(`rotateRefresh ${name} ${offset} ${graceMs}`, async ({ store, clock, id }) => {
      const generation = ((await store.getGrant(id(name)))?.generation ?? 1) + offset;
      const expiresAtMs = clock.now() + 10 * GRACE_MS;
      return store.rotateRefresh({ grantId: id(name), generation, sealed, graceMs, expiresAtMs });
    }),
  );

const otherCommand = fc.oneof(
  fc
    .tuple(user, fc.integer({ min: -2, max: 2 }))
    .map(([name, offset]) =>
      command(`revokeUser ${name} ${offset}`, ({ store, clock, id }) =>
        store.revokeUser(id(name), clock.now() + offset),
      ),
    ),
  fc
    .constantFrom('k', 'l')
    .map((kid) => command(`seedKey ${kid}`, ({ store, clock }) => store.seedKey(makeKey(kid, clock.now())))),
  duration.map((advanceMs) => ({ name: `advance ${advanceMs}`, advanceMs, run: () => Promise.resolve() })),
);

const anyCommand = fc.oneof(
  { weight: 2, arbitrary: clientCommand },
  { weight: 1, arbitrary: transactionCommand },
  { weight: 4, arbitrary: grantCommand },
  { weight: 6, arbitrary: rotateCommand },
  { weight: 2, arbitrary: otherCommand },
);

/** All that a caller can see of the records that a run uses. */
async function look({ store, id }: Setting): Promise<unknown> {
  return Promise.all(
    ['a', 'b'].flatMap((name) => [
      store.getClient(id(name)),
      store.getRecord('transaction', id(name)),
      store.getGrant(id(name)),
      store.standing(id(name), id('a'), id('u')),
    ]),
  );
}

export function describeStoreModel(name: string, open: OpenStoreForTest): void {
  describe(`${name}: against the memory store as a model`, () => {
    it('agrees on every answer and on all that is kept', async () => {
      const clock = new TestClock();
      const { store, cleanup } = await open(clock);
      const model = createMemoryStore({ now: clock.now });
      let run = 0;
      const property = fc.asyncProperty(
        fc.array(anyCommand, { minLength: 1, maxLength: STEPS, size: 'max' }),
        async (commands) => {
          run += 1;
          const prefix = `${run}:`;
          const id = (each: string) => prefix + each;
          for (const { name: label, run: step, advanceMs = 0 } of commands) {
            clock.advance(advanceMs);
            const actual = await step({ store, clock, id });
            expect(actual, label).toStrictEqual(await step({ store: model, clock, id }));
            expect(await look({ store, clock, id }), `after ${label}`).toStrictEqual(
              await look({ store: model, clock, id }),
            );
          }
        },
      );
      try {
        await fc.assert(property, { numRuns: RUNS });
      } finally {
        await cleanup();
      }
    });
  });
}
