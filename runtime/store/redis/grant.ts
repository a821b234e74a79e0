import { parseRecord } from './record.ts';
import type { GrantRecord, RefreshAnswer } from '../store.ts';

/**
 * The members of a grant that its steps read or write are fields of the Redis hash, as strings; the rest is one field of
 * JSON. So a step moves no more than it needs, and `/verify` reads three short fields.
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

const ANSWER = 'answer:';

/** @returns field and value in turn, as HSET takes them */
export function encodeGrant(grant: GrantRecord): string[] {
  const { expiresAtMs, revoked, codeHash, codeExpiresAtMs, codeUsed, generation, answers, ...rest } = grant;
  const fields: GrantFields = {
    record: JSON.stringify(rest),
    created: String(grant.createdAtMs),
    ends: String(expiresAtMs),
    revoked: revoked ? '1' : '0',
    codeHash,
    codeEnds: String(codeExpiresAtMs),
    codeUsed: codeUsed ? '1' : '0',
    generation: String(generation),
  };
  const answerFields = answers.map((answer) => [
    ANSWER + String(answer.generation),
    `${answer.rotatedAtMs}:${answer.sealed}`,
  ]);
  return [...Object.entries<string>({ ...fields }), ...answerFields].flat();
}

/** The members of a grant that are JSON in the field `record`. */
type Rest = Omit<
  GrantRecord,
  'expiresAtMs' | 'revoked' | 'codeHash' | 'codeExpiresAtMs' | 'codeUsed' | 'generation' | 'answers'
>;

/** @param hash what HGETALL returned, as an object; empty if there is none */
export function decodeGrant(hash: Record<string, string>): GrantRecord | undefined {
  const rest = parseRecord<Rest>(hash['record']);
  if (rest === undefined) return undefined;
  const fields = hash as Record<string, string> & GrantFields;
  return {
    ...rest,
    expiresAtMs: Number(fields.ends),
    revoked: fields.revoked === '1',
    codeHash: fields.codeHash,
    codeExpiresAtMs: Number(fields.codeEnds),
    codeUsed: fields.codeUsed === '1',
    generation: Number(fields.generation),
    answers: decodeAnswers(hash),
  };
}

/** @param flat what HGETALL returns inside a script: field and value in turn */
export function decodeFlatGrant(flat: readonly string[]): GrantRecord | undefined {
  const hash: Record<string, string> = {};
  for (let index = 0; index < flat.length; index += 2) hash[flat[index] ?? ''] = flat[index + 1] ?? '';
  return decodeGrant(hash);
}

function decodeAnswers(hash: Record<string, string>): RefreshAnswer[] {
  return Object.entries(hash)
    .filter(([field]) => field.startsWith(ANSWER))
    .map(([field, value]) => {
      const colon = value.indexOf(':');
      return {
        generation: Number(field.slice(ANSWER.length)),
        sealed: value.slice(colon + 1),
        rotatedAtMs: Number(value.slice(0, colon)),
      };
    })
    .sort((a, b) => a.generation - b.generation);
}
