/**
 * The authorization response, RFC 6749 §4.1.2, always with `iss` (RFC 9207 §2: "the authorization server […] MUST
 * include the 'iss' parameter in all authorization responses, including error responses").
 */
import type { OAuthError } from '../errors.ts';
import { withParameters } from '../clients/redirect-uri.ts';

/** Whom the response goes to. */
export interface ResponseTarget {
  redirectUri: string;
  state?: string | undefined;
}

export function codeResponse(issuer: string, { redirectUri, state }: ResponseTarget, code: string): string {
  return withParameters(redirectUri, { code, state, iss: issuer });
}

export function errorResponse(
  issuer: string,
  { redirectUri, state }: ResponseTarget,
  error: OAuthError,
): string {
  const { error: code, error_description } = error.body();
  return withParameters(redirectUri, { error: code, error_description, state, iss: issuer });
}

/** @returns where a page leads, so that the application hears of an error; undefined where a device hears of it by asking */
export function errorReturnUrl(
  issuer: string,
  target: ResponseTarget & { deviceId?: string | undefined },
  error: OAuthError,
): string | undefined {
  return target.deviceId === undefined ? errorResponse(issuer, target, error) : undefined;
}
