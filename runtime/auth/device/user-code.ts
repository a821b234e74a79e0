/**
 * The code that a person types (RFC 8628 §6.1): eight of twenty letters, none of them a vowel and none like a digit, in
 * any case and with or without the dash. That are 34 bits for ten minutes, against guesses that are limited (§5.1).
 */
import { createHmac, randomInt, type KeyObject } from 'node:crypto';

const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const LENGTH = 8;
const FORM = /^[BCDFGHJKLMNPQRSTVWXZ]{8}$/;

/** @returns `XXXX-XXXX` */
export function makeUserCode(): string {
  return withDash(Array.from({ length: LENGTH }, () => LETTERS.charAt(randomInt(LETTERS.length))).join(''));
}

/**
 * @param typed what a person entered: §6.1 "the authorization server should strip dashes and other punctuation"
 * @returns `XXXX-XXXX`; undefined for what cannot be one
 */
export function readUserCode(typed: string): string | undefined {
  const letters = typed.toUpperCase().replace(/[^A-Z0-9]/g, '');
  return FORM.test(letters) ? withDash(letters) : undefined;
}

/**
 * @param key from `secretKey(root, 'user-code')`: a hash without one could be tried through in minutes
 * @returns the id of the code's record, base64url
 */
export function userCodeId(userCode: string, key: KeyObject): string {
  return createHmac('sha256', key).update(userCode).digest('base64url');
}

function withDash(letters: string): string {
  return `${letters.slice(0, LENGTH / 2)}-${letters.slice(LENGTH / 2)}`;
}
