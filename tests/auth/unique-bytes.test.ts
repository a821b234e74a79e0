import { describe, expect, it } from 'vitest';
import { uniqueBytes, uniqueToken } from '../../runtime/auth/unique-bytes.ts';

describe('unique bytes', () => {
  it('are never given out twice, nor changed afterwards', () => {
    const given = Array.from({ length: 2_000 }, () => uniqueBytes(12));
    const seen = given.map((bytes) => bytes.toString('hex'));
    expect(new Set(seen).size).toBe(2_000);
    uniqueToken(64);
    expect(given.map((bytes) => bytes.toString('hex'))).toEqual(seen);
    expect(given.every(({ length }) => length === 12)).toBe(true);
  });

  it('are base64url as a token', () => expect(uniqueToken(16)).toMatch(/^[\w-]{22}$/));
});
