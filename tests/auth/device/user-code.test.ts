import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeUserCode, readUserCode, userCodeId } from '../../../runtime/auth/device/user-code.ts';

describe('user codes (RFC 8628 §6.1)', () => {
  it('are eight consonants with a dash, and differ', () => {
    const codes = Array.from({ length: 500 }, makeUserCode);
    for (const code of codes) expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it('are read in any case, with any punctuation or none', () => {
    for (const typed of ['WDJB-MJHT', 'wdjbmjht', ' wdjb mjht ', 'WdJb.MjHt', 'wdjb–mjht'])
      expect(readUserCode(typed)).toBe('WDJB-MJHT');
  });

  it('are nothing else', () => {
    for (const typed of ['', 'WDJB', 'WDJB-MJHTT', 'WDJB-MJHA', 'WDJB-MJH1', '<script>', '\u0000'])
      expect(readUserCode(typed)).toBeUndefined();
    fc.assert(fc.property(fc.string(), (typed) => readUserCode(typed) === undefined || typed.length >= 8));
  });

  it('are kept as a hash under a key', () => {
    const key = (byte: number) => createSecretKey(Buffer.alloc(32, byte));
    expect(userCodeId('WDJB-MJHT', key(1))).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(userCodeId('WDJB-MJHT', key(1))).not.toBe(userCodeId('WDJB-MJHT', key(2)));
  });
});
