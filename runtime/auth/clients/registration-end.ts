/**
 * When a registration ends. Anybody may register (what RFC 7591 calls open registration), so one that no person has
 * signed in to yet is kept for a day only; the first completed sign-in gives it the end that it was told.
 */
import type { ClientRecord, Store } from '../../store/store.ts';
import { InvalidClientError } from '../errors.ts';
import { changeClient } from './change-client.ts';

/** How long a registration waits for its first sign-in, in milliseconds. */
const UNUSED_LIFETIME_MS = 86_400_000;

type End = Pick<ClientRecord, 'expiresAtMs'>;

/** @param lifetimeSeconds `CLIENT_LIFETIME`; 0: for ever */
export function newRegistrationEnd(
  issuedAtMs: number,
  lifetimeSeconds: number,
): Pick<ClientRecord, 'expiresAtMs' | 'onFirstSignIn'> {
  const told: End = operatorsRegistrationEnd(issuedAtMs, lifetimeSeconds);
  const expiresAtMs = issuedAtMs + UNUSED_LIFETIME_MS;
  if (told.expiresAtMs !== undefined && told.expiresAtMs <= expiresAtMs) return told;
  return { expiresAtMs, onFirstSignIn: told };
}

/** The operator knows what it is for, so no sign-in is waited for. */
export function operatorsRegistrationEnd(
  issuedAtMs: number,
  lifetimeSeconds: number,
): Pick<ClientRecord, 'expiresAtMs'> {
  return lifetimeSeconds > 0 ? { expiresAtMs: issuedAtMs + lifetimeSeconds * 1000 } : {};
}

/** @returns the end that the client was told, milliseconds since the epoch; undefined: never */
export function toldEnd(client: ClientRecord): number | undefined {
  return (client.onFirstSignIn ?? client).expiresAtMs;
}

/**
 * Gives the client the end that it was told, at its first completed sign-in.
 *
 * @throws InvalidClientError when it was deleted or has ended meanwhile, which this must not undo; StoreUnavailableError
 */
export async function keepRegistration(store: Store, client: ClientRecord): Promise<void> {
  if (client.onFirstSignIn === undefined) return;
  const kept = await changeClient(store, client, (current) => {
    const { onFirstSignIn, ...rest } = current;
    if (onFirstSignIn === undefined) return current;
    delete rest.expiresAtMs;
    return { ...rest, ...onFirstSignIn };
  });
  if (kept === undefined) throw new InvalidClientError('The registration of the application has just ended.');
}
