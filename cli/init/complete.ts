/** What `init` decides by itself: secrets, and the values that follow from the machine or from other answers. */
import { generateKeyPairSync } from 'node:crypto';
import { hashPassphrase } from '../../runtime/config/passphrase.ts';
import { randomToken } from '../../runtime/config/secrets.ts';
import { isLoopbackHost } from '../../runtime/config/topology.ts';
import type { Owner } from '../write.ts';
import type { Answers } from './answers.ts';

/** Where new secrets come from; a test puts fixed ones in its place. */
export interface SecretSource {
  /** @returns so many random bytes as base64url */
  token(bytes: number): string;
  /** @returns a new RSA key for RS256 as PKCS #8 PEM */
  rsaKey(): string;
  /** @returns what stands in `.env` for a passphrase */
  passphraseHash(passphrase: string): Promise<string>;
}

export const randomSecrets: SecretSource = {
  token: randomToken,
  rsaKey: () =>
    generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    }).privateKey,
  passphraseHash: (passphrase) => hashPassphrase(passphrase),
};

/** User of the containers where root itself runs `init`. */
const OURS = '10001:10001';

/** Fills what has no value yet. A secret that is there stays. */
export function complete(answers: Answers, secrets: SecretSource, user: Owner | undefined): void {
  const { texts, elsewhere } = answers;
  const fill = (key: string, make: () => string) => {
    if (!texts[key] && !elsewhere.has(key)) texts[key] = make();
  };
  fill('GATEWAY_JWT_SECRET', () => secrets.token(32));
  fill('JWT_PRIVATE_KEY_B64', () => Buffer.from(secrets.rsaKey()).toString('base64'));
  fill('REDIS_PASSWORD', () => secrets.token(24));
  fill('CONTAINER_USER', () => (user === undefined || user.uid === 0 ? OURS : `${user.uid}:${user.gid}`));
  useLoopbackForLocal(answers);
}

/** `local` has no password, so unless somebody decided otherwise the gateway listens where only this machine is. */
export function useLoopbackForLocal({ texts, decided }: Answers): void {
  const address = texts.BIND_ADDRESS;
  if (texts.IDENTITY_PROVIDER?.trim() !== 'local' || decided.has('BIND_ADDRESS')) return;
  if (!address || !isLoopbackHost(address)) texts.BIND_ADDRESS = '127.0.0.1';
}
