import { describe, expect, it, vi } from 'vitest';
import { createSealer } from '../../../runtime/auth/sealing.ts';
import { secretKey } from '../../../runtime/auth/secret-key.ts';
import type { KeyChanges } from '../../../runtime/auth/tokens/key-rotation.ts';
import { AT_ONCE_MS, PUBLISHED_AHEAD_MS } from '../../../runtime/auth/tokens/key-schedule.ts';
import { loadKeySet, type KeySet } from '../../../runtime/auth/tokens/keys.ts';
import { createMemoryStore } from '../../../runtime/store/memory.ts';
import type { Store } from '../../../runtime/store/store.ts';
import { createTestClock, ROOT_SECRET, type TestClock } from '../../helpers/oauth-server.ts';

const sealer = createSealer(secretKey(ROOT_SECRET, 'at-rest'));
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface Replicas {
  store: Store;
  clock: TestClock;
  one: KeySet;
  other: KeySet;
  /** What the audit trail hears, of both. */
  told: { event: string; kid: string; reason: string }[];
}

/** @param deaf the other is never told of anything */
async function startReplicas({ deaf = false, rotateAfterMs = 0 } = {}): Promise<Replicas> {
  const clock = createTestClock();
  const store = createMemoryStore({ now: clock.now });
  const told: Replicas['told'] = [];
  const changed: KeyChanges = (event, change) => told.push({ event, ...change });
  const options = { sealer, now: clock.now, tokenLifetimeMs: HOUR_MS, rotateAfterMs, changed };
  const one = await loadKeySet({ ...options, store });
  const others = deaf ? { ...store, subscribe: () => () => undefined } : store;
  return { store, clock, told, one, other: await loadKeySet({ ...options, store: others }) };
}

const states = (keys: KeySet) => keys.list().map(({ state }) => state);
const kids = (keys: KeySet) => keys.list().map(({ record }) => record.kid);

describe('invariant 9: keys rotate with overlap', () => {
  it('a new key is published before it signs, and the former verifies until its tokens have ended', async () => {
    const { clock, one, store } = await startReplicas();
    const former = one.signing().kid;
    expect(await one.rotate({})).toBe('rotated');
    const next = kids(one)[0] ?? '';
    expect(next).not.toBe(former);
    expect(one.jwks().keys.map(({ kid }) => kid)).toEqual([former, next]);
    clock.advance(PUBLISHED_AHEAD_MS - 1);
    expect([one.signing().kid, states(one)]).toEqual([former, ['next', 'signs']]);
    clock.advance(1);
    expect([one.signing().kid, states(one)]).toEqual([next, ['signs', 'verifies']]);
    // The last token of the former was signed just now and lives for an hour.
    clock.advance(HOUR_MS);
    one.refresh();
    expect(one.known(former)).toBeDefined();
    clock.advance(61_000);
    one.refresh();
    await vi.waitFor(() => expect(one.known(former)).toBeUndefined());
    expect((await store.listKeys()).map(({ kid }) => kid)).toEqual([next]);
    expect(one.jwks().keys.map(({ kid }) => kid)).toEqual([next]);
  });

  it('a key that is to sign at once signs when each replica knows of it, told or not', async () => {
    for (const deaf of [false, true]) {
      const { clock, one, other } = await startReplicas({ deaf });
      const former = one.signing().kid;
      await one.rotate({ atOnce: true });
      clock.advance(AT_ONCE_MS - 1);
      expect(one.signing().kid).toBe(former);
      // Made-up names use up the looks that the other has.
      for (let index = 0; index < 20; index++) await other.find(`made-up-${index}`);
      clock.advance(1);
      const { kid } = one.signing();
      expect(kid).not.toBe(former);
      expect(await other.find(kid)).toBeDefined();
      expect(await other.find(former)).toBeDefined();
    }
  });

  it('what is published takes its turn at once when asked to, and a second rotation makes no third key', async () => {
    const { clock, one } = await startReplicas();
    await one.rotate({});
    expect(await one.rotate({})).toBe('pending');
    const before = kids(one);
    expect(await one.rotate({ atOnce: true })).toBe('rotated');
    clock.advance(AT_ONCE_MS);
    expect(kids(one)).toEqual(before);
    expect(one.signing().kid).toBe(before[0]);
  });

  it('replicas that rotate at the same moment make one key', async () => {
    const { one, other, store } = await startReplicas();
    const outcomes = await Promise.all([one.rotate({}), other.rotate({}), one.rotate({ atOnce: true })]);
    expect(outcomes.filter((outcome) => outcome === 'rotated')).toHaveLength(1);
    expect(await store.listKeys()).toHaveLength(2);
    await vi.waitFor(() => expect(kids(other)).toEqual(kids(one)));
  });

  it('the former keys are gone at once where they leaked', async () => {
    const { one, other, store } = await startReplicas();
    const former = one.signing().kid;
    await one.rotate({});
    const leaked = kids(one);
    expect(await one.rotate({ revokeOld: true })).toBe('rotated');
    for (const keys of [one, other]) {
      await vi.waitFor(() => expect(keys.known(former)).toBeUndefined());
      for (const kid of leaked) expect(keys.known(kid)).toBeUndefined();
      expect(states(keys)).toEqual(['signs']);
      expect(leaked).not.toContain(keys.signing().kid);
    }
    expect(await store.listKeys()).toHaveLength(1);
  });

  it('a key that has reached its age gets a successor by itself, of all replicas one', async () => {
    const { clock, one, other, store } = await startReplicas({ rotateAfterMs: 90 * DAY_MS });
    clock.advance(90 * DAY_MS - 1);
    one.refresh();
    expect(await store.listKeys()).toHaveLength(1);
    clock.advance(60_001);
    one.refresh();
    other.refresh();
    await vi.waitFor(async () => expect(await store.listKeys()).toHaveLength(2));
    await vi.waitFor(() => expect(states(other)).toEqual(['next', 'signs']));
  });

  it('each change is told once, by whichever replica made it, and which key it was about', async () => {
    const { clock, one, other, store, told } = await startReplicas({ rotateAfterMs: 90 * DAY_MS });
    const former = one.signing().kid;
    clock.advance(90 * DAY_MS);
    for (const keys of [one, other]) keys.refresh();
    await vi.waitFor(async () => expect(await store.listKeys()).toHaveLength(2));
    await vi.waitFor(() => expect(kids(other)).toHaveLength(2));
    const [next = ''] = kids(other);
    expect(told).toEqual([{ event: 'key_rotated', kid: next, reason: 'the last one has reached its age' }]);
    clock.advance(PUBLISHED_AHEAD_MS + HOUR_MS + 61_000);
    for (const keys of [one, other]) keys.refresh();
    await vi.waitFor(() => expect([kids(one), kids(other)]).toEqual([[next], [next]]));
    const removed = { event: 'key_removed', kid: former, reason: 'all of its tokens have ended' };
    expect(told.slice(1)).toEqual([removed]);
    await one.rotate({ revokeOld: true });
    expect(told.slice(2)).toEqual([
      { event: 'key_rotated', kid: kids(one)[0], reason: 'former keys removed' },
      { event: 'key_removed', kid: next, reason: 'former keys removed' },
    ]);
  });

  it('a change that nobody told of is noticed within a second', async () => {
    const { clock, one, other } = await startReplicas({ deaf: true });
    const former = one.signing().kid;
    await one.rotate({ revokeOld: true });
    expect(other.known(former)).toBeDefined();
    clock.advance(1_000);
    other.refresh();
    await vi.waitFor(() => expect(other.known(former)).toBeUndefined());
  });
});
