/** How a secret is compared without being kept: its SHA-256. Only for what we make ourselves, 32 random bytes long. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** @returns SHA-256 of the UTF-8 text, base64url */
export function sha256(value: string): string {
  return createHash('sha256').update(value).digest('base64url');
}

/** Compares in a time that does not depend on where the two differ. */
export function equalsInConstantTime(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
