/**
 * URLs that a client names and we fetch: its id, where that is the URL of a metadata document
 * (draft-ietf-oauth-client-id-metadata-document §3), and its `jwks_uri`.
 */

/** In UTF-16 code units. It goes into every grant of the client. */
const MAX_CLIENT_URL_LENGTH = 512;

/** @returns whether a client id is a URL; the ids that registration gives never are */
export function isClientUrl(clientId: string): boolean {
  return clientId.startsWith('https://');
}

/**
 * The draft, §3: client identifier URLs "MUST have an 'https' scheme, MUST contain a path component, MUST NOT contain
 * single-dot or double-dot path segments, MUST NOT contain a fragment component and MUST NOT contain a username or
 * password component". Written as a parser writes it, it reads the same to all of them; that rules out dot segments in
 * every encoding, capital hosts and the default port as well.
 *
 * @returns why the URL is not fetched, to go after its name; undefined when it may be
 */
export function clientUrlProblem(url: string): string | undefined {
  if (url.length > MAX_CLIENT_URL_LENGTH) return 'is too long';
  if (!url.startsWith('https://') || !URL.canParse(url)) return 'must be an https URL';
  const { href, port, pathname, username, password, hostname } = new URL(url);
  if (url.includes('#')) return 'must not have a fragment';
  if (username !== '' || password !== '') return 'must not have user information';
  if (port !== '') return 'must not have a port: documents are fetched from port 443 only';
  if (/^[\d.]+$|^\[/.test(hostname)) return 'must name a host, not an IP address';
  if (href !== url) return 'must be written in its normal form';
  if (pathname === '/') return 'must have a path';
  return undefined;
}
