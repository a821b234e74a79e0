/**
 * OAuth errors: RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7591 §3.2.2, RFC 8707 §2. One class per code, and one
 * place that turns anything thrown into an answer: what is not an `OAuthError` becomes `server_error` without detail.
 *
 * Every error has two texts. `hint` goes to the caller as `error_description`. `debug` goes to our log only. Neither
 * ever holds a token, code, secret or cookie (security invariant 10), nor a value that the caller sent.
 */
import type { Logger } from '../config/log.ts';
import { StoreUnavailableError } from '../store/store.ts';

export interface ErrorBody {
  error: string;
  error_description: string;
}

export class OAuthError extends Error {
  override name = 'OAuthError';
  /** The `error` member. */
  readonly code: string;
  /** HTTP status where the error is answered directly, not by a redirect. */
  readonly status: number;
  /** Public: what happened and what to do next. */
  readonly hint: string;
  /** Private, for the log. */
  readonly debug: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: string,
    status: number,
    hint: string,
    debug?: string,
    headers: Record<string, string> = {},
  ) {
    super(`${code}: ${hint}`);
    this.code = code;
    this.status = status;
    this.hint = printable(hint);
    this.debug = debug;
    this.headers = headers;
  }

  body(): ErrorBody {
    return { error: this.code, error_description: this.hint };
  }
}

export class InvalidRequestError extends OAuthError {
  constructor(hint: string, debug?: string, status = 400) {
    super('invalid_request', status, hint, debug);
  }
}

/**
 * RFC 6749 §5.2: "If the client attempted to authenticate via the 'Authorization' request header field, the
 * authorization server MUST respond with an HTTP 401 (Unauthorized) status code and include the 'WWW-Authenticate'
 * response header field matching the authentication scheme used by the client." RFC 9110 §15.5.2 asks for the header
 * in every 401.
 */
export class InvalidClientError extends OAuthError {
  constructor(hint: string, debug?: string) {
    super('invalid_client', 401, hint, debug, { 'www-authenticate': 'Basic realm="mcpgw", charset="UTF-8"' });
  }
}

export class InvalidGrantError extends OAuthError {
  constructor(hint: string, debug?: string) {
    super('invalid_grant', 400, hint, debug);
  }
}

export class UnauthorizedClientError extends OAuthError {
  constructor(hint: string, debug?: string) {
    super('unauthorized_client', 400, hint, debug);
  }
}

export class UnsupportedGrantTypeError extends OAuthError {
  constructor(hint: string, debug?: string) {
    super('unsupported_grant_type', 400, hint, debug);
  }
}

export class UnsupportedResponseTypeError extends OAuthError {
  constructor(hint: string, debug?: string) {
    super('unsupported_response_type', 400, hint, debug);
  }
}

export class InvalidScopeError extends OAuthError {
  constructor(hint: string, debug?: string) {
    super('invalid_scope', 400, hint, debug);
  }
}

/** RFC 8707 §2: the resource is "invalid, missing, unknown, or malformed". */
export class InvalidTargetError extends OAuthError {
  constructor(hint: string, debug?: string) {
    super('invalid_target', 400, hint, debug);
  }
}

export class AccessDeniedError extends OAuthError {
  constructor(hint: string, debug?: string, status = 403) {
    super('access_denied', status, hint, debug);
  }
}

/** RFC 8628 §3.5: the device goes on asking. */
export class AuthorizationPendingError extends OAuthError {
  constructor(hint: string, debug?: string) {
    super('authorization_pending', 400, hint, debug);
  }
}

/** RFC 8628 §3.5: the device goes on asking, less often. */
export class SlowDownError extends OAuthError {
  constructor(hint: string, debug?: string) {
    super('slow_down', 400, hint, debug);
  }
}

/** RFC 8628 §3.5: nobody answered in time. */
export class ExpiredTokenError extends OAuthError {
  constructor(hint: string, debug?: string) {
    super('expired_token', 400, hint, debug);
  }
}

/** OpenID Connect Core §3.1.2.6: `prompt=none`, but the person has to sign in. */
export class LoginRequiredError extends OAuthError {
  constructor(hint: string) {
    super('login_required', 400, hint);
  }
}

/** OpenID Connect Core §3.1.2.6: `prompt=none`, but the person has to agree. */
export class ConsentRequiredError extends OAuthError {
  constructor(hint: string) {
    super('consent_required', 400, hint);
  }
}

export class InvalidRedirectUriError extends OAuthError {
  constructor(hint: string, debug?: string) {
    super('invalid_redirect_uri', 400, hint, debug);
  }
}

export class InvalidClientMetadataError extends OAuthError {
  constructor(hint: string, debug?: string) {
    super('invalid_client_metadata', 400, hint, debug);
  }
}

/** RFC 6750 §3.1. The challenge goes into `WWW-Authenticate` (see `challenge.ts`). */
export class InvalidTokenError extends OAuthError {
  constructor(hint: string, debug?: string, headers?: Record<string, string>) {
    super('invalid_token', 401, hint, debug, headers);
  }
}

/** RFC 6750 §3.1. */
export class InsufficientScopeError extends OAuthError {
  constructor(hint: string, debug?: string) {
    super('insufficient_scope', 403, hint, debug);
  }
}

export class ServerError extends OAuthError {
  constructor(debug?: string) {
    super(
      'server_error',
      500,
      'Something went wrong on this server. Its log says more; try again later.',
      debug,
    );
  }
}

/** How long a caller is asked to wait when the store is down, in seconds. */
export const RETRY_AFTER_SECONDS = 5;

/** The store, or something else that a decision needs, does not answer: nothing is decided (security invariant 13). */
export class TemporarilyUnavailableError extends OAuthError {
  constructor(
    debug?: string,
    hint = `This server cannot reach its storage. Try again in ${RETRY_AFTER_SECONDS} seconds.`,
    retryAfterSeconds = RETRY_AFTER_SECONDS,
  ) {
    super('temporarily_unavailable', 503, hint, debug, { 'retry-after': String(retryAfterSeconds) });
  }
}

/** RFC 6585 §4: 429, with `Retry-After`. RFC 6749 §4.1.2.1 has the code for "a temporary overloading". */
export class TooManyRequestsError extends OAuthError {
  constructor(retryAfterSeconds: number, debug?: string) {
    const seconds = Math.max(retryAfterSeconds, 1);
    const hint = `Too many requests at once. Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`;
    super('temporarily_unavailable', 429, hint, debug, { 'retry-after': String(seconds) });
  }
}

/** @returns what to answer for anything that was thrown; nothing of an unknown error gets into it */
export function toOAuthError(thrown: unknown): OAuthError {
  if (thrown instanceof OAuthError) return thrown;
  if (thrown instanceof StoreUnavailableError)
    return new TemporarilyUnavailableError('StoreUnavailableError');
  const status = httpStatus(thrown);
  if (status !== undefined) return new InvalidRequestError(httpHint(status), undefined, status);
  return new ServerError(describe(thrown));
}

/** Writes what the answer leaves out. */
export function logError(logger: Logger, error: OAuthError, route: string): void {
  const fields = { event: 'error', error: error.code, route, debug: error.debug ?? error.hint };
  if (error.status >= 500) logger.error(fields, `${route} failed: ${error.code}`);
  else logger.debug(fields, `${route} refused: ${error.code}`);
}

/** Name and place of an unknown error, without its message, which may quote what a caller sent. */
function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `thrown: ${typeof thrown}`;
  const frames = (thrown.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const code = 'code' in thrown && typeof thrown.code === 'string' ? ` ${thrown.code}` : '';
  return [`${thrown.name}${code}`, ...frames.slice(0, 6).map((line) => line.trim())].join(' | ');
}

/** The status of a request that Fastify refused before any of our code saw it. */
function httpStatus(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('statusCode' in thrown) || typeof thrown.statusCode !== 'number')
    return undefined;
  return thrown.statusCode >= 400 && thrown.statusCode < 500 ? thrown.statusCode : undefined;
}

function httpHint(status: number): string {
  if (status === 413) return 'The request body is too large.';
  if (status === 415) return 'The request body has another content type than this endpoint takes.';
  return 'The request cannot be read.';
}

/** RFC 6749 §5.2: error_description "MUST NOT include characters outside the set %x20-21 / %x23-5B / %x5D-7E". */
function printable(hint: string): string {
  return hint.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, '?');
}
