import { describe, expect, it } from 'vitest';
import { rotate, type StoredGrant } from '../../runtime/store/grant.ts';
import { GRACE_MS, makeGrant, MAX_REFRESH_ANSWERS, REFRESH_LIFETIME_MS } from './records.ts';

const NOW_MS = 1_800_000_000_000;

/** Rotates one generation after the other. @returns the generations whose answers are kept at the end */
function keptAfter(rotations: { atMs: number }[]): number[] {
  let grant: StoredGrant = { ...makeGrant('g', NOW_MS), generation: 1, codeUsed: true, answers: [] };
  grant.expiresAtMs = NOW_MS + REFRESH_LIFETIME_MS;
  for (const { atMs } of rotations) {
    const { generation, expiresAtMs } = grant;
    const request = { grantId: 'g', generation, sealed: 'sealed', graceMs: GRACE_MS, expiresAtMs };
    grant = rotate(grant, request, NOW_MS + atMs).changed ?? grant;
  }
  return grant.answers.map(({ generation }) => generation);
}

describe('the answers that a grant keeps', () => {
  it('are those within grace, and the last one', () => {
    expect(keptAfter([{ atMs: 0 }, { atMs: 0 }, { atMs: GRACE_MS + 1 }])).toEqual([3]);
    expect(keptAfter([{ atMs: 0 }, { atMs: 1 }, { atMs: GRACE_MS + 1 }])).toEqual([2, 3]);
  });

  it('are no more than a few', () => {
    const kept = keptAfter(Array.from({ length: MAX_REFRESH_ANSWERS + 5 }, () => ({ atMs: 0 })));
    expect(kept).toEqual(Array.from({ length: MAX_REFRESH_ANSWERS }, (_, index) => 6 + index));
  });
});
