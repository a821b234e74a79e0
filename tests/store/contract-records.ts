/** The contract's part for records, keys, buckets, events and notices. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { MAX_EVENTS, type Notice, type Store } from '../../runtime/store/store.ts';
import type { ContractContext } from './contract.ts';
import { makeClient, makeDevice, makeGrant, makeKey, makeTransaction } from './records.ts';

export function describeRecordContract(context: ContractContext): void {
  describe('records', () => describeRecords(context));
  describe('signing keys', () => describeKeys(context));
  describe('buckets', () => describeBuckets(context));
  describe('events', () => describeEvents(context));
  describe('notices', () => describeNotices(context));
}

function describeRecords(context: ContractContext): void {
  it('returns what was put until its end', async () => {
    const { store, clock } = context();
    const transaction = makeTransaction('t', clock.now() + 1_000);
    await store.putRecord('transaction', 't', transaction);
    clock.advance(999);
    expect(await store.getRecord('transaction', 't')).toStrictEqual(transaction);
    clock.advance(1);
    expect(await store.getRecord('transaction', 't')).toBeUndefined();
    expect(await store.takeRecord('transaction', 't')).toBeUndefined();
  });

  it('keeps kinds apart', async () => {
    const { store, clock } = context();
    await store.putRecord('once', 'x', { expiresAtMs: clock.now() + 1_000 });
    expect(await store.getRecord('device', 'x')).toBeUndefined();
    expect(await store.takeRecord('transaction', 'x')).toBeUndefined();
    expect(await store.addRecord('device', 'x', makeDevice('x', clock.now() + 1_000))).toBe(true);
    expect(await store.getRecord('once', 'x')).toStrictEqual({ expiresAtMs: clock.now() + 1_000 });
  });

  it('is replaced by the next one under the same id', async () => {
    const { store, clock } = context();
    await store.putRecord('transaction', 't', makeTransaction('t', clock.now() + 1_000, { step: 'consent' }));
    await store.putRecord(
      'transaction',
      't',
      makeTransaction('t', clock.now() + 2_000, { step: 'upstream' }),
    );
    clock.advance(1_500);
    expect((await store.getRecord('transaction', 't'))?.step).toBe('upstream');
  });

  it('gives it to one of fifty who take it', async () => {
    const { store, clock } = context();
    const device = makeDevice('d', clock.now() + 1_000);
    await store.putRecord('device', 'd', device);
    const taken = await Promise.all(Array.from({ length: 50 }, () => store.takeRecord('device', 'd')));
    expect(taken.filter((each) => each !== undefined)).toStrictEqual([device]);
    expect(await store.getRecord('device', 'd')).toBeUndefined();
  });

  it('is added by one of fifty, and again once it has ended', async () => {
    const { store, clock } = context();
    const add = () => store.addRecord('once', 'jti', { expiresAtMs: clock.now() + 1_000 });
    const count = async () =>
      (await Promise.all(Array.from({ length: 50 }, add))).filter((added) => added).length;
    expect(await count()).toBe(1);
    clock.advance(999);
    expect(await count()).toBe(0);
    clock.advance(1);
    expect(await count()).toBe(1);
  });

  it('is swapped by one of fifty who read the same, and by nobody who read another', async () => {
    const { store, clock } = context();
    const pending = makeDevice('d', clock.now() + 1_000);
    const changed = (intervalSeconds: number) => ({ ...pending, intervalSeconds });
    expect(await store.swapRecord('device', 'd', pending, changed(9))).toBe(false);
    await store.putRecord('device', 'd', pending);
    const read = (await store.getRecord('device', 'd')) ?? pending;
    const swapped = await Promise.all(
      Array.from({ length: 50 }, (_, index) => store.swapRecord('device', 'd', read, changed(index + 10))),
    );
    expect(swapped.filter((each) => each)).toHaveLength(1);
    expect(await store.getRecord('device', 'd')).toStrictEqual(changed(swapped.indexOf(true) + 10));
    expect(await store.swapRecord('device', 'd', pending, changed(9))).toBe(false);
    clock.advance(1_000);
    const latest = changed(swapped.indexOf(true) + 10);
    expect(await store.swapRecord('device', 'd', latest, { ...latest, expiresAtMs: clock.now() + 5 })).toBe(
      false,
    );
    expect(await store.getRecord('device', 'd')).toBeUndefined();
  });
}

function describeKeys(context: ContractContext): void {
  it('seeds an empty set once, also when fifty try', async () => {
    const { store, clock } = context();
    expect(await store.listKeys()).toStrictEqual([]);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => store.seedKey(makeKey(`kid-${index}`, clock.now() + index))),
    );
    const kept = await store.listKeys();
    expect(kept).toHaveLength(1);
    for (const answer of answers) expect(answer).toStrictEqual(kept);
    const index = Number(kept[0]?.kid.slice(4));
    expect(kept).toStrictEqual([makeKey(`kid-${index}`, clock.now() + index)]);
  });

  it('adds, replaces and removes keys, newest first', async () => {
    const { store, clock } = context();
    await store.seedKey(makeKey('first', clock.now()));
    await store.putKey({ ...makeKey('second', clock.now() + 1), signsFromMs: clock.now() + 900 });
    await store.putKey({ ...makeKey('second', clock.now() + 1), signsFromMs: clock.now() + 5 });
    expect((await store.listKeys()).map(({ kid }) => kid)).toStrictEqual(['second', 'first']);
    await store.deleteKey('first');
    await store.deleteKey('unknown');
    expect(await store.listKeys()).toStrictEqual([
      { ...makeKey('second', clock.now() + 1), signsFromMs: clock.now() + 5 },
    ]);
  });
}

function describeBuckets(context: ContractContext): void {
  const limit = { burst: 10, perSecond: 2 };

  it('grants what is there, and says how long to wait for the next', async () => {
    const { store, clock } = context();
    expect(await store.takeFromBucket('b', limit, 7)).toStrictEqual({ granted: 7, waitMs: 0 });
    expect(await store.takeFromBucket('b', limit, 7)).toStrictEqual({ granted: 3, waitMs: 0 });
    expect(await store.takeFromBucket('b', limit, 7)).toStrictEqual({ granted: 0, waitMs: 500 });
    expect(await store.takeFromBucket('other', limit, 1)).toStrictEqual({ granted: 1, waitMs: 0 });
    clock.advance(499);
    expect(await store.takeFromBucket('b', limit, 1)).toStrictEqual({ granted: 0, waitMs: 1 });
    clock.advance(1);
    expect(await store.takeFromBucket('b', limit, 5)).toStrictEqual({ granted: 1, waitMs: 0 });
    clock.advance(3_600_000);
    expect(await store.takeFromBucket('b', limit, 50)).toStrictEqual({ granted: 10, waitMs: 0 });
  });

  it('refills a slow bucket by fractions that add up', async () => {
    const { store, clock } = context();
    const slow = { burst: 1, perSecond: 0.01 };
    await store.takeFromBucket('b', slow, 1);
    for (let step = 0; step < 99; step++) {
      clock.advance(1_000);
      expect((await store.takeFromBucket('b', slow, 1)).granted).toBe(0);
    }
    clock.advance(1_001);
    expect((await store.takeFromBucket('b', slow, 1)).granted).toBe(1);
  });

  it('grants no more in all to fifty at once, nor to a clock that is behind', async () => {
    const { store, clock } = context();
    const answers = await Promise.all(Array.from({ length: 50 }, () => store.takeFromBucket('b', limit, 1)));
    expect(answers.filter(({ granted }) => granted === 1)).toHaveLength(10);
    clock.advance(-60_000);
    expect((await store.takeFromBucket('b', limit, 1)).granted).toBe(0);
    clock.advance(60_000);
    expect((await store.takeFromBucket('b', limit, 1)).granted).toBe(0);
  });
}

function describeEvents(context: ContractContext): void {
  it('keeps the latest, newest first', async () => {
    const { store } = context();
    expect(await store.listEvents(10)).toStrictEqual([]);
    for (let index = 0; index < MAX_EVENTS + 5; index++) await store.appendEvent(`{"number":${index}}`);
    expect(await store.listEvents(2)).toStrictEqual(['{"number":1004}', '{"number":1003}']);
    const all = await store.listEvents(10 * MAX_EVENTS);
    expect(all).toHaveLength(MAX_EVENTS);
    expect(all.at(-1)).toBe('{"number":5}');
  });
}

function describeNotices(context: ContractContext): void {
  it('tells of everything that ends or changes, and of nothing else', async () => {
    const { store, clock } = context();
    const told = await listen(store);
    const grant = makeGrant('g', clock.now());
    await store.putClient(makeClient('c', clock.now()));
    await store.putGrant(grant);
    await store.redeemCode('g', grant.codeHash, clock.now() + 10_000);
    await store.standing('g', 'c', 'github:1');
    const rotate = { grantId: 'g', sealed: 's', graceMs: 0, expiresAtMs: clock.now() + 10_000 };
    for (const generation of [1, 2]) await store.rotateRefresh({ ...rotate, generation });
    clock.advance(1);
    const notices: Notice[] = [];
    const expectTold = async (notice: Notice): Promise<void> => {
      notices.push(notice);
      await vi.waitFor(() => expect(told).toStrictEqual(notices));
    };
    await store.rotateRefresh({ ...rotate, generation: 1 });
    await expectTold({ kind: 'grant', id: 'g' });
    await store.putGrant({ ...grant, id: 'other' });
    await store.redeemCode('other', grant.codeHash, clock.now() + 10_000);
    await store.redeemCode('other', grant.codeHash, clock.now() + 10_000);
    await expectTold({ kind: 'grant', id: 'other' });
    await store.putGrant({ ...grant, id: 'third' });
    await store.revokeGrant('third');
    await expectTold({ kind: 'grant', id: 'third' });
    await store.putClient(makeClient('c', clock.now()));
    await store.swapClient(makeClient('c', clock.now()), makeClient('c', clock.now() + 1));
    await expectTold({ kind: 'client', id: 'c' });
    await store.deleteClient('c');
    await expectTold({ kind: 'client', id: 'c' });
    await store.revokeClient('https://client.example/{x}', clock.now());
    await expectTold({ kind: 'client', id: 'https://client.example/{x}' });
    await store.revokeUser('github:1', clock.now());
    await expectTold({ kind: 'user', id: 'github:1' });
    await store.putKey(makeKey('k', clock.now()));
    await expectTold({ kind: 'keys' });
    await store.deleteKey('k');
    await expectTold({ kind: 'keys' });
  });

  it('tells nobody who has stopped listening', async () => {
    const { store, clock } = context();
    const told = await listen(store);
    const stopped: Notice[] = [];
    store.subscribe((notice) => stopped.push(notice))();
    await store.revokeUser('github:1', clock.now());
    await vi.waitFor(() => expect(told).toHaveLength(1));
    expect(stopped).toStrictEqual([]);
  });
}

/** Listens, and waits until the store does. @returns what it is told from then on */
async function listen(store: Store): Promise<Notice[]> {
  const told: Notice[] = [];
  let listening = false;
  const stop = store.subscribe((notice) => {
    if (notice.kind === 'user' && notice.id === 'marker') listening = true;
    else if (notice.kind !== 'all') told.push(notice);
  });
  onTestFinished(stop);
  await vi.waitFor(
    async () => {
      await store.revokeUser('marker', 0);
      expect(listening).toBe(true);
    },
    { timeout: 10_000 },
  );
  return told;
}
