/**
 * When a registration ends. Anybody may register (what RFC 7591 calls open registration), so one that no person has
 * signed in to yet is kept for a day only; the first completed sign-in gives it the end that it was told.
 */
import type { ClientRecord, Store } from '../../store/store.ts';
import { InvalidClientError, TooManyRequestsError } from '../errors.ts';
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

/** At the most so many registrations wait for their first sign-in, of all replicas together. */
const MAX_UNUSED_CLIENTS = 10_000;

/**
 * Bounds how many registrations wait for their first sign-in, without counting any: each of them ends a day after it
 * began, so what bounds those of any one day bounds all of them. Half of the places are there at once, the others come
 * through the day.
 *
 * @throws TooManyRequestsError, StoreUnavailableError
 */
export async function admitUnused(store: Store, max = MAX_UNUSED_CLIENTS): Promise<void> {
  const burst = max / 2;
  const limit = { burst, perSecond: burst / (UNUSED_LIFETIME_MS / 1000) };
  const { granted, waitMs } = await store.takeFromBucket('unused-clients', limit, 1);
  if (granted < 1)
    throw new TooManyRequestsError(Math.ceil(waitMs / 1000), 'too many registrations wait for a sign-in');
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
