/**
 * Keys derived from the one root secret, `GATEWAY_JWT_SECRET`, by HKDF-SHA256 (RFC 5869). Each purpose has its own
 * key, so that a leak of one says nothing of the others, and a service only ever gets the key of its own context.
 */
import { hkdfSync, randomBytes } from 'node:crypto';

export type KeyPurpose =
  | ('admin' | 'cookie' | 'csrf' | 'at-rest' | 'client-secret' | 'refresh-token' | 'user-code' | 'digest')
  | `context:${string}`;

/** The least length of the root secret, in characters. */
export const MIN_ROOT_SECRET_LENGTH = 32;

/**
 * @param rootSecret the value of `GATEWAY_JWT_SECRET`
 * @param purpose what the key is for; `context:<service>` for the signed header of one service
 * @returns 32 bytes, the same for the same arguments
 */
export function deriveKey(rootSecret: string, purpose: KeyPurpose): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', rootSecret, 'mcpgw/v1', purpose, 32));
}

/** @returns `bytes` random bytes as unpadded base64url */
export function randomToken(bytes = 32): string {
  return randomBytes(bytes).toString('base64url');
}
