import { parseRecord } from './record.ts';
import type { GrantRecord } from '../store.ts';

/**
 * The members of a grant that its steps read or write are fields of the Redis hash, as strings; the rest is one field of
 * JSON. So a step moves no more than it needs, and `/verify` reads three short fields. Beside them are the answers to
 * refreshes, which `rotateRefresh` alone reads and writes.
 */
interface GrantFields {
  record: string;
  created: string;
  ends: string;
  revoked: string;
  codeHash: string;
  codeEnds: string;
  codeUsed: string;
  generation: string;
}

/** The fields that `decodeGrant` takes. */
export const GRANT_FIELDS = [
  'record',
  'ends',
  'revoked',
  'codeHash',
  'codeEnds',
  'codeUsed',
  'generation',
] as const satisfies (keyof GrantFields)[];

/** The members of a grant that are JSON in the field `record`. */
type Rest = Omit<
  GrantRecord,
  'expiresAtMs' | 'revoked' | 'codeHash' | 'codeExpiresAtMs' | 'codeUsed' | 'generation'
>;

/** @returns field and value in turn, as HSET takes them */
export function encodeGrant(grant: GrantRecord): string[] {
  const { expiresAtMs, revoked, codeHash, codeExpiresAtMs, codeUsed, generation, ...rest } = grant;
  const fields: GrantFields = {
    record: JSON.stringify(rest satisfies Rest),
    created: String(grant.createdAtMs),
    ends: String(expiresAtMs),
    revoked: revoked ? '1' : '0',
    codeHash,
    codeEnds: String(codeExpiresAtMs),
    codeUsed: codeUsed ? '1' : '0',
    generation: String(generation),
  };
  return Object.entries<string>({ ...fields }).flat();
}

/** @param values what HMGET returned for `GRANT_FIELDS` */
export function decodeGrant(values: readonly (string | null)[]): GrantRecord | undefined {
  const [record, ends, revoked, codeHash, codeEnds, codeUsed, generation] = values;
  const rest = parseRecord<Rest>(record);
  if (rest === undefined) return undefined;
  return {
    ...rest,
    expiresAtMs: Number(ends),
    revoked: revoked === '1',
    codeHash: codeHash ?? '',
    codeExpiresAtMs: Number(codeEnds),
    codeUsed: codeUsed === '1',
    generation: Number(generation),
  };
}
