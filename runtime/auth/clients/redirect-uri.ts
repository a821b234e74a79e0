/**
 * Redirect URIs (security invariant 4): RFC 6749 §3.1.2, RFC 8252 §7 and RFC 9700 §4.1.1, "authorization servers MUST
 * utilize exact string matching except for port numbers in localhost redirection URIs of native apps".
 *
 * Everything here works on the string as it was sent. A parser's view of it is only ever an additional check, because
 * parsers repair what they read (`http://2130706433/` becomes 127.0.0.1) and the browser's may repair differently.
 */

/** Of a URI in client metadata, in UTF-16 code units. */
export const MAX_URI_LENGTH = 2048;

/** RFC 3986 §2: the characters that a URI is made of. Leaves out control characters, spaces, quotes and backslashes. */
const URI_CHARACTERS = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/;

/** Port, path and query of a loopback redirect, after the host. */
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(:\d{1,5})?((?:[/?].*)?)$/i;

/** A scheme that a reverse domain name makes (RFC 8252 §7.1). */
const DOTTED_SCHEME = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:/i;

/**
 * Schemes that run something or read something in the browser, whatever a setting says; also as the first label of a
 * dotted one (`javascript.x:`), which a careless reader takes for the scheme itself.
 */
const DANGEROUS = new Set([
  'javascript',
  'data',
  'vbscript',
  'file',
  'blob',
  'about',
  'filesystem',
  'view-source',
]);

/**
 * @param uri as the client registers it
 * @param privateUseRedirects the exact URIs with an undotted scheme that may register
 * @returns why it may not register; undefined when it may
 */
export function redirectUriProblem(uri: string, privateUseRedirects: readonly string[]): string | undefined {
  if (uri.length > MAX_URI_LENGTH) return 'A redirect URI is too long.';
  if (!URI_CHARACTERS.test(uri)) return 'A redirect URI has characters that a URI does not have.';
  // RFC 6749 §3.1.2: "The endpoint URI MUST NOT include a fragment component."
  if (uri.includes('#')) return 'A redirect URI must not include a fragment.';
  if (!URL.canParse(uri)) return 'A redirect URI is not an absolute URI.';
  const url = new URL(uri);
  if (url.username !== '' || url.password !== '' || authorityOf(uri).includes('@')) {
    return 'A redirect URI must not include user information.';
  }
  const scheme = uri.slice(0, uri.indexOf(':')).toLowerCase();
  if (DANGEROUS.has(scheme.split('.')[0] ?? '')) return 'A redirect URI has a scheme that is never accepted.';
  if (scheme === 'https') return httpsProblem(uri, url);
  if (scheme === 'http') {
    return isLoopbackRedirect(uri)
      ? undefined
      : 'Plain http is accepted for 127.0.0.1, [::1] and localhost only; use https.';
  }
  if (DOTTED_SCHEME.test(uri) || privateUseRedirects.includes(uri)) return undefined;
  return 'A private-use scheme needs a dot (com.example.app:/callback), or the operator adds the URI to PRIVATE_USE_REDIRECTS.';
}

/** @returns whether the URI is on the person's own machine, where its port may change (RFC 8252 §7.3) */
export function isLoopbackRedirect(uri: string): boolean {
  return LOOPBACK.test(uri) && URL.canParse(uri);
}

/** @returns whether the URI leads to a site on the web, not to a program on the person's own machine */
export function isWebRedirect(uri: string): boolean {
  return /^https?:/i.test(uri) && !isLoopbackRedirect(uri);
}

/**
 * @param requested as in the authorization request
 * @returns whether it is one of the registered ones; RFC 8252 §7.3: "The authorization server MUST allow any port to be
 *   specified at the time of the request for loopback IP redirect URIs"
 */
export function isRegisteredRedirect(requested: string, registered: readonly string[]): boolean {
  if (registered.includes(requested)) return true;
  if (!isLoopbackRedirect(requested) || !URI_CHARACTERS.test(requested) || requested.includes('#'))
    return false;
  const wanted = withoutPort(requested);
  return registered.some((uri) => isLoopbackRedirect(uri) && withoutPort(uri) === wanted);
}

/** @returns what a person is shown of a redirect URI: its host, or its scheme where there is none */
export function redirectTarget(uri: string): string {
  const url = new URL(uri);
  if (url.protocol === 'https:' || url.protocol === 'http:') return url.host;
  const authority = authorityOf(uri);
  return uri.slice(0, uri.indexOf(':') + 1) + (authority === '' ? '' : `//${authority}`);
}

/** @returns the redirect URI with parameters added to its query, otherwise unchanged (RFC 6749 §3.1.2: "MUST be retained") */
export function withParameters(uri: string, parameters: Record<string, string | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.append(name, value);
  if (!uri.includes('?')) return `${uri}?${query.toString()}`;
  return /[?&]$/.test(uri) ? uri + query.toString() : `${uri}&${query.toString()}`;
}

function httpsProblem(uri: string, url: URL): string | undefined {
  if (!/^https:\/\/[^/?]/i.test(uri)) return 'A redirect URI has no host.';
  // What the parser had to repair, another parser may read as another host.
  if (authorityOf(uri).toLowerCase().replace(/:443$/, '') !== url.host)
    return 'A redirect URI has a malformed host.';
  return /[*%]/.test(url.host) ? 'A redirect URI names one host, without wildcards.' : undefined;
}

/** The part between `//` and the path, with its slashes; empty where there is none. */
function authorityOf(uri: string): string {
  return /^[^:]+:(?:\/\/([^/?#]*))?/.exec(uri)?.[1] ?? '';
}

function withoutPort(uri: string): string {
  const [, origin = '', , rest = ''] = LOOPBACK.exec(uri) ?? [];
  return origin.toLowerCase() + rest;
}
