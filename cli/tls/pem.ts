/** Reading of PEM files (RFC 7468): certificates and keys, in any order and among other text. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;

/** @returns the blocks of certificates, as they stand there */
export function certificateBlocks(text: string): string[] {
  return [...text.matchAll(BLOCK)].filter(([, label]) => label === 'CERTIFICATE').map(([block]) => block);
}

/** @returns the first private key's block */
export function keyBlock(text: string): string | undefined {
  return [...text.matchAll(BLOCK)].find(([, label]) => label?.endsWith('PRIVATE KEY') === true)?.[0];
}

/** @returns undefined for what is no certificate */
export function readCertificate(block: string): X509Certificate | undefined {
  try {
    return new X509Certificate(block);
  } catch {
    return undefined;
  }
}

/** @returns undefined for what is no key, or one that needs a passphrase */
export function readKey(block: string): KeyObject | undefined {
  try {
    return createPrivateKey(block);
  } catch {
    return undefined;
  }
}

/** Milliseconds since the epoch at which a certificate begins and ends. */
export function validity(certificate: X509Certificate): { startsAtMs: number; endsAtMs: number } {
  return { startsAtMs: Date.parse(certificate.validFrom), endsAtMs: Date.parse(certificate.validTo) };
}
