import { createSecretKey, type KeyObject } from 'node:crypto';
import { deriveKey, type KeyPurpose } from '../config/secrets.ts';

/** Like `deriveKey`, made once into what node:crypto works with: raw bytes would cost it 7 µs at every use. */
export function secretKey(rootSecret: string, purpose: KeyPurpose): KeyObject {
  return createSecretKey(deriveKey(rootSecret, purpose));
}
