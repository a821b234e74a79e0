/**
 * `prompt` and `max_age` of OpenID Connect Core §3.1.2.1, which OAuth clients send too: whether the person must be asked,
 * or must not be.
 */
import type { SessionRecord } from '../../store/store.ts';
import { InvalidRequestError } from '../errors.ts';
import type { Parameters } from '../parameters.ts';

export interface Prompt {
  /** Nothing may be shown: whatever would need a page is an error. */
  none: boolean;
  /** The person proves again who they are (`login`), perhaps as somebody else (`select_account`). */
  signIn: boolean;
  /** The consent page comes, whatever was agreed to before. */
  consent: boolean;
  /** How long ago the person may have signed in, in seconds. */
  maxAgeSeconds?: number;
}

/** Values that we do not know ask for nothing. @throws InvalidRequestError */
export function readPrompt(parameters: Parameters): Prompt {
  const values = (parameters.one('prompt') ?? '').split(/\s+/).filter((value) => value !== '');
  const none = values.includes('none');
  // "If this parameter contains none with any other value, an error is returned."
  if (none && values.length > 1) throw new InvalidRequestError('prompt is none or something else, not both.');
  const maxAge = parameters.one('max_age');
  if (maxAge !== undefined && !/^\d{1,10}$/.test(maxAge))
    throw new InvalidRequestError('max_age is not a number of seconds.');
  return {
    none,
    signIn: values.includes('login') || values.includes('select_account'),
    consent: values.includes('consent'),
    ...(maxAge !== undefined && { maxAgeSeconds: Number(maxAge) }),
  };
}

/** @returns whether the request lets the person go on with a session, instead of signing in again */
export function acceptsSession(prompt: Prompt, session: SessionRecord, nowMs: number): boolean {
  if (prompt.signIn) return false;
  return prompt.maxAgeSeconds === undefined || nowMs - session.signedInAtMs <= prompt.maxAgeSeconds * 1000;
}
