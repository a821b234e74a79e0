/**
 * Scopes, RFC 6749 §3.3: "The value of the scope parameter is expressed as a list of space-delimited, case-sensitive
 * strings." Ours are `mcp:<service>` for each service, `mcp:*` for all of them, and `offline_access`.
 */

/** Every service that the token's resources name. */
export const EVERY_SERVICE = 'mcp:*';

/** Accepted and shown, but decides nothing: a refresh token goes to every client that registered the grant. */
export const OFFLINE_ACCESS = 'offline_access';

const PREFIX = 'mcp:';

/** @returns the scope of one service */
export function serviceScope(service: string): string {
  return PREFIX + service;
}

/** @returns the service of a `mcp:<service>` scope; undefined for any other scope */
export function serviceOfScope(scope: string): string | undefined {
  return scope.startsWith(PREFIX) && scope !== EVERY_SERVICE ? scope.slice(PREFIX.length) : undefined;
}

export function supportedScopes(services: readonly string[]): string[] {
  return [...services.map(serviceScope), EVERY_SERVICE, OFFLINE_ACCESS];
}

/**
 * Reads what a client asks for, as leniently as today's clients need: split on any run of spaces, unknown values and
 * repetitions dropped (RFC 6749 §3.3: "The authorization server MAY fully or partially ignore the scope requested").
 */
export function parseScope(value: string | undefined, services: readonly string[]): string[] {
  const known = new Set(supportedScopes(services));
  return [...new Set((value ?? '').split(/\s+/))].filter((scope) => known.has(scope));
}

/** @returns whether scopes let their bearer use the service */
export function covers(scopes: readonly string[], service: string): boolean {
  return scopes.includes(EVERY_SERVICE) || scopes.includes(serviceScope(service));
}

/** @returns the scopes without those of other services, which mean nothing at these */
export function scopesAt(scopes: readonly string[], services: readonly string[]): string[] {
  const own = new Set([...services.map(serviceScope), EVERY_SERVICE, OFFLINE_ACCESS]);
  return scopes.filter((scope) => own.has(scope));
}

/**
 * Fits the requested scopes to the services that access is for: where no scope is left that gives anything there, the
 * default comes in, which is each service's own.
 */
export function fitScopes(requested: readonly string[], services: readonly string[]): string[] {
  const fitting = scopesAt(requested, services);
  const givesNothing = fitting.every((scope) => scope === OFFLINE_ACCESS);
  return givesNothing ? [...new Set(services.map(serviceScope)), ...fitting] : fitting;
}
