/**
 * What using a code or a refresh token does to its grant, as pure functions (security invariants 2 and 3). The memory
 * and the SQLite store run these; the Redis store's scripts say the same in Lua, and the contract suite holds them to it.
 */
import { MAX_REFRESH_ANSWERS } from './store.ts';
import type { GrantRecord, RedeemCodeResult, RotateRefresh, RotateRefreshResult } from './store.ts';

/** A grant with what only `rotate` needs of it. */
export interface StoredGrant extends GrantRecord {
  /** The answers to earlier generations that may be asked again, newest last; bounded. */
  answers: RefreshAnswer[];
}

/** The answer that rotated `generation` to the next one, kept for a client that lost it. */
export interface RefreshAnswer {
  generation: number;
  /** The token response, sealed under the at-rest key. */
  sealed: string;
  rotatedAtMs: number;
}

/** A decision: what to answer, and the grant to store where it changed. */
export interface GrantStep<Result> {
  result: Result;
  /** Absent: nothing to write. */
  changed?: StoredGrant;
}

export function withoutAnswers(stored: StoredGrant): GrantRecord {
  const grant: GrantRecord & Partial<StoredGrant> = { ...stored };
  delete grant.answers;
  return grant;
}

/** Whether something that lasts until `expiresAtMs` is over; it is in the very millisecond of its end. */
export function hasEnded(record: { expiresAtMs?: number }, nowMs: number): boolean {
  return record.expiresAtMs !== undefined && record.expiresAtMs <= nowMs;
}

/**
 * Uses an authorization code (RFC 6749 §4.1.2: "If an authorization code is used more than once, the authorization
 * server MUST deny the request and SHOULD revoke […] all tokens previously issued based on that authorization code").
 *
 * @param expiresAtMs where the grant's end moves to on success, milliseconds since the epoch
 */
export function redeem(
  grant: StoredGrant | undefined,
  codeHash: string,
  nowMs: number,
  expiresAtMs: number,
): GrantStep<RedeemCodeResult> {
  // A wrong code revokes nothing: whoever merely knows a grant's id must not be able to end it.
  if (!isLive(grant, nowMs) || grant.codeHash !== codeHash) return { result: { outcome: 'unknown' } };
  if (grant.codeUsed) {
    const changed = { ...grant, revoked: true };
    return { result: { outcome: 'replayed', grant: withoutAnswers(changed) }, changed };
  }
  if (grant.codeExpiresAtMs <= nowMs) return { result: { outcome: 'unknown' } };
  const changed = { ...grant, codeUsed: true, generation: 1, expiresAtMs };
  return { result: { outcome: 'redeemed', grant: withoutAnswers(changed) }, changed };
}

/** Uses a refresh token (RFC 9700 §4.14.2: rotation, and a replayed token revokes the family). */
export function rotate(
  grant: StoredGrant | undefined,
  request: RotateRefresh,
  nowMs: number,
): GrantStep<RotateRefreshResult> {
  const { generation, sealed, graceMs, expiresAtMs } = request;
  // Generation 0 means that no refresh token was issued yet, so none can be presented.
  if (!isLive(grant, nowMs) || generation < 1 || generation > grant.generation) {
    return { result: { outcome: 'unknown' } };
  }
  if (generation === grant.generation) {
    const answers = keepAnswers(grant.answers, generation, nowMs, graceMs);
    answers.push({ generation, sealed, rotatedAtMs: nowMs });
    return {
      result: { outcome: 'rotated' },
      changed: { ...grant, generation: generation + 1, answers, expiresAtMs },
    };
  }
  const answer = grant.answers.find((candidate) => candidate.generation === generation);
  // The last answer holds for longer than the grace: while its successor was never used, the client may not have it.
  const isLast = generation === grant.generation - 1;
  if (answer !== undefined && (isLast || nowMs - answer.rotatedAtMs <= graceMs)) {
    return { result: { outcome: 'retry', sealed: answer.sealed } };
  }
  return { result: { outcome: 'reused' }, changed: { ...grant, revoked: true } };
}

function isLive(grant: StoredGrant | undefined, nowMs: number): grant is StoredGrant {
  return grant !== undefined && !grant.revoked && !hasEnded(grant, nowMs);
}

/** The earlier answers to keep beside the new one: within grace, and so few that all fit in `MAX_REFRESH_ANSWERS`. */
function keepAnswers(
  answers: readonly RefreshAnswer[],
  newGeneration: number,
  nowMs: number,
  graceMs: number,
): RefreshAnswer[] {
  return answers.filter(
    (answer) =>
      answer.generation > newGeneration - MAX_REFRESH_ANSWERS && nowMs - answer.rotatedAtMs <= graceMs,
  );
}
