/**
 * Refresh tokens (RFC 6749 §1.5, rotation RFC 9700 §4.14.2) are not stored. One is
 * `<grant id>.<generation>.<MAC>`, the MAC being HMAC-SHA256 over both and the grant's random salt: the root secret
 * alone forges none, the store's contents alone neither, and an older token of a family is known as genuine.
 */
import { createHmac, type KeyObject } from 'node:crypto';
import type { GrantRecord } from '../../store/store.ts';
import { equalsInConstantTime } from '../hashing.ts';

const FORM = /^([A-Za-z0-9_-]{8,64})\.([1-9]\d{0,8})\.([A-Za-z0-9_-]{43})$/;

export interface ParsedRefreshToken {
  grantId: string;
  generation: number;
  mac: string;
}

/** @param key from `deriveKey(root, 'refresh-token')` */
export function makeRefreshToken(
  grant: Pick<GrantRecord, 'id' | 'salt'>,
  generation: number,
  key: KeyObject,
): string {
  return `${grant.id}.${generation}.${macOf(grant, generation, key)}`;
}

/** @returns undefined for what is no refresh token of ours; its MAC is not checked yet */
export function parseRefreshToken(value: string): ParsedRefreshToken | undefined {
  const [, grantId, generation, mac] = FORM.exec(value) ?? [];
  if (grantId === undefined || generation === undefined || mac === undefined) return undefined;
  return { grantId, generation: Number(generation), mac };
}

/** Whether we made this token for this grant. */
export function isGenuine(
  token: ParsedRefreshToken,
  grant: Pick<GrantRecord, 'id' | 'salt'>,
  key: KeyObject,
): boolean {
  return equalsInConstantTime(token.mac, macOf(grant, token.generation, key));
}

function macOf(grant: Pick<GrantRecord, 'id' | 'salt'>, generation: number, key: KeyObject): string {
  return createHmac('sha256', key).update(`${grant.id}.${generation}.${grant.salt}`).digest('base64url');
}
