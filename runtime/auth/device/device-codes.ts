/** The record of a device authorization request (RFC 8628): how long its codes last, and what a person made of it. */
import { secretKey } from '../secret-key.ts';
import type { DeviceRecord, User } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { InvalidRequestError } from '../errors.ts';
import { readUserCode, userCodeId } from './user-code.ts';

/** How long a person has to enter the code and to agree, in seconds. */
export const DEVICE_CODE_SECONDS = 600;

/** How long the record outlasts its codes, so that a device that asks too late hears that, in seconds. */
export const AFTERLIFE_SECONDS = 300;

/** How long a device waits between polls, in seconds (RFC 8628 §3.2: 5 is the default). */
export const POLL_SECONDS = 5;

/** A device polls while a person agrees, and both change the record. */
const ATTEMPTS = 5;

const CODE = /^([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/;

const OVER = 'This code has ended. Start again on the device; it then shows a new one.';

export interface ParsedDeviceCode {
  /** Of the record. */
  id: string;
  secret: string;
}

/** @returns undefined for what is no device code of ours */
export function parseDeviceCode(value: string): ParsedDeviceCode | undefined {
  const [, id, secret] = CODE.exec(value) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

export function haveCodesEnded({ expiresAtMs }: DeviceRecord, nowMs: number): boolean {
  return expiresAtMs - AFTERLIFE_SECONDS * 1000 <= nowMs;
}

/** @returns the id under which the record of a user code is */
export function deviceIdOf({ settings }: AuthContext, userCode: string): string {
  return userCodeId(userCode, secretKey(settings.rootSecret, 'user-code'));
}

/**
 * @param typed what a person entered
 * @returns the request that waits for this code; undefined where none does
 * @throws StoreUnavailableError
 */
export async function findByUserCode(context: AuthContext, typed: string): Promise<DeviceRecord | undefined> {
  const userCode = readUserCode(typed);
  if (userCode === undefined) return undefined;
  const record = await context.store.getRecord('device', deviceIdOf(context, userCode));
  const waits = record?.status === 'pending' && !haveCodesEnded(record, context.now());
  return waits ? record : undefined;
}

/** What a person agreed to. */
export interface Approval {
  user: User;
  scopes: string[];
  resources: string[];
}

/**
 * Writes down what the person answered, for the device to hear at its next poll.
 *
 * @param approval undefined: the person did not agree
 * @throws InvalidRequestError where the request has ended or was answered already; StoreUnavailableError
 */
export async function answerDevice(
  { store, now }: AuthContext,
  id: string,
  approval: Approval | undefined,
): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const record = await store.getRecord('device', id);
    if (record?.status !== 'pending' || haveCodesEnded(record, now())) break;
    const next: DeviceRecord =
      approval === undefined
        ? { ...record, status: 'denied' }
        : { ...record, ...approval, status: 'approved', approvedAtMs: now() };
    if (await store.swapRecord('device', id, record, next)) return;
  }
  throw new InvalidRequestError(OVER);
}
