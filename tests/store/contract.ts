/**
 * What every store must do, whatever it is made of. `describeStoreContract` runs all of it against one adapter; the
 * model test at the end holds it to the memory store for sequences that nobody thought of.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../runtime/store/store.ts';
import type { Store } from '../../runtime/store/store.ts';
import { describeGrantContract } from './contract-grant.ts';
import { describeRecordContract } from './contract-records.ts';
import { describeStoreModel } from './contract-model.ts';
import { TestClock, makeClient, makeGrant, makeKey, makeTransaction } from './records.ts';

/** An empty store under test. */
export interface OpenStore {
  store: Store;
  /** Opens the same data again, as after a restart. */
  reopen?: () => Promise<Store>;
  /** Closes everything and removes the data. */
  cleanup: () => Promise<void>;
}

export type OpenStoreForTest = (clock: TestClock) => Promise<OpenStore>;

/** @param isDurable whether data outlives the store; then `open` must return `reopen` */
export function describeStoreContract(name: string, open: OpenStoreForTest, isDurable = true): void {
  describe(`${name}: the contract of a store`, () => {
    let clock: TestClock;
    let opened: OpenStore;
    let store: Store;

    beforeEach(async () => {
      clock = new TestClock();
      opened = await open(clock);
      store = opened.store;
    });
    afterEach(() => opened.cleanup());

    const context = () => ({ store, clock });
    describe('clients', () => describeClients(context));
    describeGrantContract(context);
    describeRecordContract(context);
    describe('the whole', () => {
      if (isDurable) {
        it('keeps everything across a restart', async () => {
          if (opened.reopen === undefined) throw new Error('A durable store must be opened with `reopen`.');
          await expectKeptAcross(store, clock, opened.reopen);
        });
      }

      it('does nothing more once closed, and says so', async () => {
        await store.ping();
        await store.close();
        await store.close();
        await expect(store.ping()).rejects.toThrow(StoreUnavailableError);
        await expect(store.getGrant('g')).rejects.toThrow(StoreUnavailableError);
        await expect(store.putClient(makeClient('c', clock.now()))).rejects.toThrow(StoreUnavailableError);
      });
    });
  });
  describeStoreModel(name, open);
}

/** The store of the running test; a function, because each test has its own. */
export type ContractContext = () => { store: Store; clock: TestClock };

function describeClients(context: ContractContext): void {
  it('returns what was put, to the byte, and replaces it', async () => {
    const { store, clock } = context();
    const client = makeClient('c', clock.now());
    await store.putClient(client);
    expect(await store.getClient('c')).toStrictEqual(client);
    const changed = makeClient('c', clock.now(), { expiresAtMs: clock.now() + 5 });
    delete changed.secretHash;
    await store.putClient(changed);
    expect(await store.getClient('c')).toStrictEqual(changed);
    expect(await store.listClients()).toStrictEqual([changed]);
    expect(await store.getClient('other')).toBeUndefined();
  });

  it('hands out copies', async () => {
    const { store, clock } = context();
    const client = makeClient('c', clock.now());
    await store.putClient(client);
    client.metadata.redirect_uris.push('https://evil.example');
    (await store.getClient('c'))?.metadata.redirect_uris.push('https://evil.example');
    expect((await store.getClient('c'))?.metadata.redirect_uris).toHaveLength(1);
  });

  it('ends a client in the very millisecond of its end', async () => {
    const { store, clock } = context();
    await store.putClient(makeClient('c', clock.now(), { expiresAtMs: clock.now() + 1_000 }));
    clock.advance(999);
    expect(await store.getClient('c')).toBeDefined();
    clock.advance(1);
    expect(await store.getClient('c')).toBeUndefined();
    expect(await store.listClients()).toStrictEqual([]);
    expect(await store.deleteClient('c')).toBe(false);
  });

  it('says whether a deleted client existed', async () => {
    const { store, clock } = context();
    await store.putClient(makeClient('c', clock.now()));
    expect(await store.deleteClient('c')).toBe(true);
    expect(await store.deleteClient('c')).toBe(false);
    expect(await store.getClient('c')).toBeUndefined();
  });

  it('never brings a client back by swapping it', async () => {
    const { store, clock } = context();
    const client = makeClient('c', clock.now(), { expiresAtMs: clock.now() + 10 });
    expect(await store.swapClient(client, client)).toBe(false);
    expect(await store.getClient('c')).toBeUndefined();
    await store.putClient(client);
    const renamed = { ...client, metadata: { ...client.metadata, client_name: 'renamed' } };
    expect(await store.swapClient(client, renamed)).toBe(true);
    expect(await store.getClient('c')).toStrictEqual(renamed);
    clock.advance(10);
    expect(await store.swapClient(renamed, { ...client, expiresAtMs: clock.now() + 10 })).toBe(false);
    expect(await store.getClient('c')).toBeUndefined();
  });

  it('swaps a client only for what was read: of concurrent changes one counts', async () => {
    const { store, clock } = context();
    const client = makeClient('c', clock.now());
    await store.putClient(client);
    const read = await store.getClient('c');
    if (read === undefined) throw new Error('no client');
    const named = (client_name: string) => ({ ...read, metadata: { ...read.metadata, client_name } });
    const swapped = await Promise.all(['a', 'b', 'c'].map((name) => store.swapClient(read, named(name))));
    expect(swapped.filter((each) => each)).toHaveLength(1);
    const winner = named(['a', 'b', 'c'][swapped.indexOf(true)] ?? '');
    expect(await store.getClient('c')).toStrictEqual(winner);
    expect(await store.swapClient(read, client)).toBe(false);
    expect(await store.getClient('c')).toStrictEqual(winner);
    expect(await store.swapClient(winner, client)).toBe(true);
    expect(await store.getClient('c')).toStrictEqual(client);
  });

  it('moves the end of a client by swapping it, for ever too', async () => {
    const { store, clock } = context();
    const day = 86_400_000;
    const client = makeClient('c', clock.now(), {
      expiresAtMs: clock.now() + day,
      onFirstSignIn: { expiresAtMs: clock.now() + 90 * day },
    });
    await store.putClient(client);
    expect(await store.getClient('c')).toStrictEqual(client);
    const kept = makeClient('c', clock.now(), { expiresAtMs: clock.now() + 90 * day });
    expect(await store.swapClient(client, kept)).toBe(true);
    await store.putGrant(makeGrant('g', clock.now(), { expiresAtMs: clock.now() + 1_000 * day }));
    clock.advance(90 * day - 1);
    expect(await store.getClient('c')).toStrictEqual(kept);
    expect((await store.standing('g', 'c', 'github:1')).clientAlive).toBe(true);
    const unending = makeClient('c', clock.now());
    expect(await store.swapClient(kept, unending)).toBe(true);
    clock.advance(900 * day);
    expect(await store.getClient('c')).toStrictEqual(unending);
    expect((await store.standing('g', 'c', 'github:1')).clientAlive).toBe(true);
  });

  it('lists newest first, of the same moment by id', async () => {
    const { store, clock } = context();
    for (const [id, age] of [
      ['b', 1],
      ['a', 1],
      ['old', 2],
      ['new', 0],
      ['Z', 1],
    ] as const) {
      await store.putClient(makeClient(id, clock.now() - age));
    }
    const ids = (await store.listClients()).map((client) => client.id);
    expect(ids).toStrictEqual(['new', 'Z', 'a', 'b', 'old']);
  });

  it('takes ids with any character, such as the URL of a metadata document', async () => {
    const { store, clock } = context();
    const ids = ['https://client.example/a?b={c}&d=*#e', 'x{y}z', 'ü:\u{1f511}', '__proto__'];
    for (const id of ids) await store.putClient(makeClient(id, clock.now()));
    for (const id of ids) expect((await store.getClient(id))?.id).toBe(id);
    expect(await store.listClients()).toHaveLength(ids.length);
  });
}

async function expectKeptAcross(store: Store, clock: TestClock, reopen: () => Promise<Store>): Promise<void> {
  const grant = makeGrant('g', clock.now());
  await store.putClient(makeClient('c', clock.now()));
  await store.putRecord('transaction', 't', makeTransaction('t', clock.now() + 1_000));
  await store.putGrant(grant);
  await store.putGrant(makeGrant('revoked', clock.now()));
  await store.redeemCode('g', grant.codeHash, clock.now() + 10_000);
  const rotate = { grantId: 'g', graceMs: 1_000, expiresAtMs: clock.now() + 20_000 };
  await store.rotateRefresh({ ...rotate, generation: 1, sealed: 'first' });
  await store.revokeGrant('revoked');
  await store.revokeUser('github:1', clock.now() + 1);
  await store.revokeClient('https://client.example/', clock.now() + 1);
  await store.seedKey(makeKey('k', clock.now()));
  await store.appendEvent('{}');
  const before = await snapshot(store);
  expect(before.grant?.generation).toBe(2);
  await store.close();
  const reopened = await reopen();
  expect(await snapshot(reopened)).toStrictEqual(before);
  expect(await reopened.rotateRefresh({ ...rotate, generation: 1, sealed: 'second' })).toStrictEqual({
    outcome: 'retry',
    sealed: 'first',
  });
}

async function snapshot(store: Store) {
  return {
    clients: await store.listClients(),
    client: await store.getClient('c'),
    transaction: await store.getRecord('transaction', 't'),
    grant: await store.getGrant('g'),
    revoked: await store.getGrant('revoked'),
    standing: await store.standing('g', 'c', 'github:1'),
    userRevokedAt: await store.userRevokedAt('github:1'),
    clientRevokedAt: await store.clientRevokedAt('https://client.example/'),
    documentClient: await store.standing('g', 'https://client.example/', 'github:1'),
    events: await store.listEvents(10),
    keys: await store.listKeys(),
  };
}
