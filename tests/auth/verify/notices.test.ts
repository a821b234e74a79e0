import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { VerifiedToken } from '../../../runtime/auth/verify/verified-token.ts';
import { heedNotices } from '../../../runtime/auth/verify/notices.ts';
import type { Notice } from '../../../runtime/store/store.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const tokenOf = (name: string) =>
  ({
    claims: { gid: `g-${name}`, client_id: `c-${name}`, sub: `u-${name}` },
    standingAtMs: 5,
    freshUntilMs: 7,
    notices: 0,
  }) as unknown as VerifiedToken;

function start() {
  const [alice, bob] = [tokenOf('alice'), tokenOf('bob')] as const;
  let tell: (notice: Notice) => void = () => undefined;
  let looks = 0;
  const stop = heedNotices(
    { subscribe: (listener) => ((tell = listener), () => (tell = () => undefined)) },
    () => (looks++, [alice, bob]),
  );
  const hear = (...notices: Notice[]): void => {
    for (const notice of notices) tell(notice);
    vi.runAllTimers();
  };
  return { alice, bob, hear, stop, looks: () => looks };
}

it.each([
  { kind: 'grant', id: 'g-bob' },
  { kind: 'client', id: 'c-bob' },
  { kind: 'user', id: 'u-bob' },
] as const)('a notice of a $kind is for its tokens alone, which nothing remembered helps', (notice) => {
  const { alice, bob, hear } = start();
  hear(notice);
  expect(bob).toMatchObject({ freshUntilMs: 0, standingAtMs: -Infinity, notices: 1 });
  expect(alice).toMatchObject({ freshUntilMs: 7, standingAtMs: 5, notices: 0 });
});

it('where notices may have been missed, all are asked for again, and count for as long as before without the store', () => {
  const { alice, bob, hear } = start();
  hear({ kind: 'all' });
  for (const token of [alice, bob])
    expect(token).toMatchObject({ freshUntilMs: 0, standingAtMs: 5, notices: 1 });
});

it('many notices at once are one look', () => {
  const { hear, looks, stop } = start();
  hear(...Array.from({ length: 1_000 }, (_, index): Notice => ({ kind: 'grant', id: `g-${index}` })));
  expect(looks()).toBe(1);
  stop();
  hear({ kind: 'all' });
  expect(looks()).toBe(1);
});
