/**
 * Sealing of what the store keeps and we must read again: AES-256-GCM (NIST SP 800-38D) under the `at-rest` key, with a
 * random 96-bit nonce. `about` is authenticated too, so that a sealed value cannot be moved to another record.
 */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { uniqueBytes } from './unique-bytes.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface Sealer {
  /** @returns base64url of nonce, ciphertext and tag */
  seal(plain: string, about: string): string;
  /** @throws Error when the key is another, or the value was changed or belongs to something else */
  open(sealed: string, about: string): string;
}

/** @param secret 32 bytes, from `secretKey(root, 'at-rest')` */
export function createSealer(secret: KeyObject): Sealer {
  return {
    seal: (plain, about) => {
      const nonce = uniqueBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(Buffer.from(about));
      const text = [nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()];
      return Buffer.concat(text).toString('base64url');
    },
    open: (sealed, about) => {
      const bytes = Buffer.from(sealed, 'base64url');
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const text = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(about)).setAuthTag(bytes.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
    },
  };
}
