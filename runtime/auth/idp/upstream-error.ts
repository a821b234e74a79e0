/**
 * What went wrong at an identity provider, in words for the person and in words for the log. Messages of the library may
 * quote the provider's answer, so only codes get into the log (security invariant 10).
 */
import * as oauth from 'oauth4webapi';
import { SignInError } from './provider.ts';

/**
 * @param title of the provider
 * @param step what was tried
 */
export function explain(error: unknown, title: string, step: string): SignInError {
  if (error instanceof SignInError) return error;
  if (error instanceof oauth.AuthorizationResponseError) {
    const message =
      error.error === 'access_denied'
        ? `You did not let this gateway see who you are at ${title}.`
        : refusedBy(title);
    return new SignInError(message, `${step}: the authorization request got ${knownCode(error.error)}`);
  }
  if (error instanceof oauth.ResponseBodyError)
    return new SignInError(refusedBy(title), `${step}: ${knownCode(error.error)}`);
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    // How a token endpoint refuses client credentials that came in a header (RFC 6749 §5.2).
    const code = error.cause.map(({ parameters }) => parameters.error).find((name) => name !== undefined);
    return new SignInError(
      refusedBy(title),
      `${step}: ${knownCode(code ?? '')}, status ${error.status}, with a challenge`,
    );
  }
  if (error instanceof oauth.OperationProcessingError) return processingError(error, title, step);
  const name = error instanceof Error ? error.name : typeof error;
  return new SignInError(`${title} could not be reached. Try again in a minute.`, `${step}: ${name}`);
}

export function refusedBy(title: string): string {
  return `${title} did not confirm the sign-in. Start again from the application.`;
}

/** The code, and which claim or parameter it is about: names from the standards, never a value. */
function processingError(error: oauth.OperationProcessingError, title: string, step: string): SignInError {
  const { claim, attribute } = (error.cause ?? {}) as { claim?: unknown; attribute?: unknown };
  const about = [claim, attribute].filter((name): name is string => typeof name === 'string');
  return new SignInError(
    refusedBy(title),
    [`${step}: ${error.code ?? 'invalid answer'}`, ...about.map(knownCode)].join(', '),
  );
}

function knownCode(code: string): string {
  return /^[A-Za-z_]{1,64}$/.test(code) ? code : 'an unknown error';
}
