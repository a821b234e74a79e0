/**
 * Sessions of the handshake era that keep nothing here: their id proves whose it is. It tells the requests of one client
 * from another's, so that a cancellation finds the call that it means; there is nothing to expire or to end.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export interface SessionIds {
  issue(userId: string): string;
  /** @returns false for what was not issued to this user: such a session is unknown (404) */
  belongs(id: string, userId: string): boolean;
}

/** @param key for these ids alone, the same in every process that serves them */
export function createSessionIds(key: Uint8Array): SessionIds {
  const mac = (nonce: string, userId: string) =>
    createHmac('sha256', key).update(`${nonce}\n${userId}`).digest('base64url');
  return {
    issue(userId) {
      const nonce = randomBytes(16).toString('base64url');
      return `${nonce}.${mac(nonce, userId)}`;
    },
    belongs(id, userId) {
      const [nonce = '', given = '', ...rest] = id.split('.');
      const expected = mac(nonce, userId);
      return (
        rest.length === 0 &&
        given.length === expected.length &&
        timingSafeEqual(Buffer.from(given, 'latin1'), Buffer.from(expected, 'latin1'))
      );
    },
  };
}
