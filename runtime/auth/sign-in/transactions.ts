/** What is kept of an authorization request under way. Its handle is random; the store only knows the handle's hash. */
import { randomToken } from '../../config/secrets.ts';
import type { TransactionRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { AccessDeniedError, InvalidRequestError } from '../errors.ts';
import { sha256 } from '../hashing.ts';

/** How long a person may take for each step, in milliseconds. */
const LIFETIME_MS = 10 * 60_000;

type New = Omit<TransactionRecord, 'idHash' | 'expiresAtMs'>;

const LOST = 'This sign-in is over or was never begun. Start again from the application.';

/** @throws TooManyRequestsError; StoreUnavailableError */
export async function begin(
  { store, limiter, now }: AuthContext,
  fields: New,
  handle = randomToken(),
): Promise<{ handle: string; transaction: TransactionRecord }> {
  await limiter.admit(fields.step === 'consent' ? 'authorizations' : 'signIns');
  const transaction = { ...fields, idHash: sha256(handle), expiresAtMs: now() + LIFETIME_MS };
  await store.putRecord('transaction', transaction.idHash, transaction);
  return { handle, transaction };
}

/**
 * Finds the transaction of a handle and checks that this browser began it (security invariant 1).
 *
 * @param browserHash hash of the browser's cookie
 * @throws InvalidRequestError for an unknown or ended one, AccessDeniedError for another browser's
 */
export async function resume(
  { store }: AuthContext,
  handle: string | undefined,
  step: TransactionRecord['step'],
  browserHash: string | undefined,
): Promise<TransactionRecord> {
  const transaction = handle === undefined ? undefined : await store.getRecord('transaction', sha256(handle));
  if (transaction?.step !== step) throw new InvalidRequestError(LOST);
  if (transaction.browserHash !== browserHash) {
    throw new AccessDeniedError(
      'This sign-in was begun in another browser, or your browser does not keep cookies. Start again from the application, in this browser.',
    );
  }
  return transaction;
}

/** @throws InvalidRequestError when it has ended or was changed meanwhile */
export async function change(
  { store }: AuthContext,
  transaction: TransactionRecord,
  next: TransactionRecord,
): Promise<void> {
  if (!(await store.swapRecord('transaction', transaction.idHash, transaction, next)))
    throw new InvalidRequestError(LOST);
}

/** Ends a transaction: of concurrent callers one gets it, the others an error. */
export async function finish({ store }: AuthContext, transaction: TransactionRecord): Promise<void> {
  if ((await store.takeRecord('transaction', transaction.idHash)) === undefined)
    throw new InvalidRequestError(LOST);
}
