import { describe, expect, it } from 'vitest';
import { SessionStore } from '../../runtime/services/sessions.ts';
import { TestClock } from './harness.ts';

const setUp = (limits = {}) => {
  const clock = new TestClock();
  const expired: string[] = [];
  const store = new SessionStore<string>(
    { maxSessions: 3, maxSessionsPerUser: 2, idleSeconds: 10, ...limits },
    clock.now,
    ({ id }) => expired.push(id),
  );
  return { clock, expired, store };
};

describe('SessionStore', () => {
  it('finds a session for its own user only', () => {
    const { store } = setUp();
    store.open('s', 'a', 'v');
    expect(store.find('s', 'a')?.value).toBe('v');
    expect(store.find('s', 'b')).toBeUndefined();
    expect(store.find('t', 'a')).toBeUndefined();
  });

  it('expires an idle session once, when it is looked for or swept', () => {
    const { clock, expired, store } = setUp();
    store.open('s', 'a', 'v');
    store.open('t', 'b', 'v');
    clock.advanceSeconds(10);
    expect(store.find('s', 'a')).toBeUndefined();
    store.sweep();
    expect(expired).toEqual(['s', 't']);
    expect([store.size, store.countOf('a'), store.countOf('b')]).toEqual([0, 0, 0]);
  });

  it('holds a session while a request or stream is open, and counts idleness from its end', async () => {
    const { clock, expired, store } = setUp();
    const session = store.open('s', 'a', 'v');
    if ('limit' in session) throw new Error('refused');
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    store.hold(session, finished);
    clock.advanceSeconds(100);
    store.sweep();
    expect(expired).toEqual([]);
    finish();
    await finished;
    clock.advanceSeconds(9);
    expect(store.find('s', 'a')).toBeDefined();
    clock.advanceSeconds(1);
    expect(store.find('s', 'a')).toBeUndefined();
  });

  it('limits a user and the service, says when to come back, and makes room by expiry', () => {
    const { clock, expired, store } = setUp();
    store.open('1', 'a', 'v');
    clock.advanceSeconds(4);
    store.open('2', 'a', 'v');
    expect(store.open('3', 'a', 'v')).toEqual({ limit: 'user', retryAfterSeconds: 6 });
    store.open('4', 'b', 'v');
    expect(store.open('5', 'c', 'v')).toEqual({ limit: 'service', retryAfterSeconds: 6 });
    clock.advanceSeconds(6);
    expect(store.open('5', 'c', 'v')).toMatchObject({ id: '5' });
    expect(expired).toEqual(['1']);
  });

  it('forgets what is removed or drained', () => {
    const { store } = setUp();
    store.open('1', 'a', 'v');
    store.open('2', 'a', 'v');
    store.remove('1');
    store.remove('1');
    expect(store.countOf('a')).toBe(1);
    expect(store.drain().map(({ id }) => id)).toEqual(['2']);
    expect([store.size, store.countOf('a')]).toEqual([0, 0]);
  });
});
