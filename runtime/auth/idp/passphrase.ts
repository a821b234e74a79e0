/**
 * Signing in with a passphrase: for a gateway of one owner, without another party. What is known is its hash alone. Each
 * check takes memory and time by design, so they are done one after another, off the event loop, and few wait.
 */
import { isPassphrase, isPassphraseHash } from '../../config/passphrase.ts';
import { TooManyRequestsError } from '../errors.ts';
import type { PassphraseSettings } from '../settings.ts';
import type { FormProvider } from './provider.ts';

/** How many attempts wait for the one that is being checked. */
const MAX_WAITING = 8;

/** How long one who finds no place is asked to wait: about what those before take, in seconds. */
const RETRY_AFTER_SECONDS = 3;

/** The owner, whatever they are called. */
const SUBJECT = 'owner';

/** @throws Error for a hash that is none */
export function createPassphraseProvider({ hash, ownerName }: PassphraseSettings): FormProvider {
  if (!isPassphraseHash(hash))
    throw new Error('PASSPHRASE_HASH is not one that mcpgw init made. Run mcpgw init again.');
  const id = `passphrase:${SUBJECT}`;
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return {
    kind: 'form',
    id: 'passphrase',
    title: 'a passphrase',
    // By the id: a new name does not lock the owner out of what they already have.
    admits: (user) => user.id === id,
    identity: { id, issuer: 'passphrase', subject: SUBJECT, name: ownerName, groups: [] },
    check: async (answer) => {
      if (waiting > MAX_WAITING) throw new TooManyRequestsError(RETRY_AFTER_SECONDS, 'passphrase checks');
      waiting += 1;
      const checked = last.then(() => isPassphrase(answer, hash));
      last = checked.catch(() => undefined).finally(() => (waiting -= 1));
      return checked;
    },
  };
}
