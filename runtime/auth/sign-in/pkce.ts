/**
 * Proof Key for Code Exchange, RFC 7636, always required and with S256 only (OAuth 2.1 §7.5.1; security invariant 2).
 */
import { createHash, timingSafeEqual } from 'node:crypto';

/** RFC 7636 §4.1: "a high-entropy cryptographic random STRING using the unreserved characters […] with a minimum length of 43 characters and a maximum length of 128 characters". */
const VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/;

/** BASE64URL(SHA256(…)) is 43 characters long, always. */
const S256_CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

export function isS256Challenge(value: string): boolean {
  return S256_CHALLENGE.test(value);
}

/** RFC 7636 §4.6: whether "BASE64URL-ENCODE(SHA256(ASCII(code_verifier))) == code_challenge". */
export function verifyPkce(verifier: string, challenge: string): boolean {
  if (!VERIFIER.test(verifier)) return false;
  const computed = Buffer.from(createHash('sha256').update(verifier, 'ascii').digest('base64url'));
  const expected = Buffer.from(challenge);
  return computed.length === expected.length && timingSafeEqual(computed, expected);
}
