import { randomBytes } from 'node:crypto';

const POOL_BYTES = 4096;

let pool = Buffer.alloc(0);
let used = 0;

/**
 * Random bytes for what must be unique and is no secret: nonces, and ids that open nothing. Many are taken from the system
 * at a time, because each call costs more processor time than a digest; a secret is asked for by itself.
 *
 * @param count at most 64
 */
export function uniqueBytes(count: number): Buffer {
  if (used + count > pool.length) {
    // Never the same memory again: what was given out before may still be in use.
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  return pool.subarray(used, (used += count));
}

/** @returns `count` unique bytes as unpadded base64url */
export function uniqueToken(count: number): string {
  return uniqueBytes(count).toString('base64url');
}
