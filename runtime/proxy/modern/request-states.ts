/**
 * `requestState` (MCP 2026-07-28, Multi Round-Trip Requests): names the parked call that a retry continues. It goes through
 * the client's hands, so it is sealed with AES-256-GCM and bound to the service and the user.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { isObject } from '../messages/json-rpc.ts';

export interface RequestState {
  /** The parked call. */
  call: string;
  /** How often it has asked; an earlier state is worth nothing. */
  round: number;
}

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

export class RequestStates {
  /** Of this process, as the parked calls are. */
  readonly #key = randomBytes(32);
  readonly #service: string;

  constructor(service: string) {
    this.#service = service;
  }

  seal(user: string, { call, round }: RequestState): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, iv).setAAD(this.#boundTo(user));
    const sealed = Buffer.concat([cipher.update(JSON.stringify({ call, round })), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** @returns undefined when it is not of ours, was changed, or was another user's */
  open(user: string, text: string): RequestState | undefined {
    const bytes = Buffer.from(text, 'base64url');
    // What the decoder leaves out was not part of what was sealed.
    if (bytes.length <= IV_BYTES + TAG_BYTES || bytes.toString('base64url') !== text) return undefined;
    try {
      const decipher = createDecipheriv(ALGORITHM, this.#key, bytes.subarray(0, IV_BYTES))
        .setAAD(this.#boundTo(user))
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      const opened = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
      const state: unknown = JSON.parse(opened.toString('utf8'));
      if (!isObject(state)) return undefined;
      return { call: String(state['call']), round: Number(state['round']) };
    } catch {
      return undefined;
    }
  }

  #boundTo(user: string): Buffer {
    return Buffer.from(JSON.stringify([this.#service, user]));
  }
}
