import { hasEnded } from '../grant.ts';
import { StoreUnavailableError } from '../store.ts';

/**
 * Reads a record that we wrote as JSON.
 *
 * @throws StoreUnavailableError when it does not parse: something else has written under our keys
 */
export function parseRecord<RecordType>(json: string | null | undefined): RecordType | undefined {
  if (json === null || json === undefined) return undefined;
  try {
    return JSON.parse(json) as RecordType;
  } catch (error) {
    throw new StoreUnavailableError('Redis holds a record of ours that is damaged.', { cause: error });
  }
}

export function unlessEnded<RecordType extends { expiresAtMs?: number }>(
  record: RecordType | undefined,
  nowMs: number,
): RecordType | undefined {
  return record === undefined || hasEnded(record, nowMs) ? undefined : record;
}
