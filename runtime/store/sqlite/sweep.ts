import type { DatabaseSync } from 'node:sqlite';

const HOUR_MS = 3_600_000;

const ENDED = ['clients', 'records', 'grants'] as const;

/**
 * Makes the step that removes records that have ended, at most `limit` of each kind. They are never returned anyway; this keeps
 * the file from growing.
 *
 * @returns the step: takes the time in milliseconds since the epoch and returns whether there may be more
 */
export function prepareSweep(db: DatabaseSync, limit: number): (nowMs: number) => boolean {
  const ended = ENDED.map((table) =>
    db.prepare(
      `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE expires_at <= ? LIMIT ${limit})`,
    ),
  );
  // A revocation is spent once no grant from before it is left. The hour is for a sign-in that began before it and
  // stores its grant after it.
  const spent = db.prepare(
    `DELETE FROM user_revocations WHERE user_id IN (
       SELECT user_id FROM user_revocations AS r WHERE revoked_at <= ? AND NOT EXISTS (
         SELECT 1 FROM grants WHERE grants.user_id = r.user_id AND created_at < r.revoked_at)
       LIMIT ${limit})`,
  );
  return (nowMs) => {
    const removed = ended.map((statement) => statement.run(nowMs).changes);
    removed.push(spent.run(nowMs - HOUR_MS).changes);
    return removed.some((count) => Number(count) >= limit);
  };
}
