import type { ClientRecord, KeyRecord } from './store.ts';

/** Sorts keys newest first; of the same millisecond by id, so that every replica signs with the same one. */
export function byNewest(a: KeyRecord, b: KeyRecord): number {
  return b.createdAtMs - a.createdAtMs || compare(a.kid, b.kid);
}

/** Sorts clients newest first; of the same millisecond by id. */
export function byNewestIssued(a: ClientRecord, b: ClientRecord): number {
  return b.issuedAtMs - a.issuedAtMs || compare(a.id, b.id);
}

/** By code unit: unlike `localeCompare`, the same on every machine. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
