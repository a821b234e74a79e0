/** Which URLs are fetched at all; where they lead is the connection's to check. */
import { FetchError } from '../fetch-error.ts';

const MAX_URL_LENGTH = 8_192;

/** Fetch standard, "bad port": what listens there speaks something else, and could be made to take a request for it. */
const BAD_PORTS = new Set([
  ...[0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103],
  ...[104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513],
  ...[514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720],
  ...[1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080],
]);

/**
 * @param base of a relative URL, as redirects may have one
 * @throws FetchError
 */
export function targetOf(text: string, base?: URL): URL {
  if (text.length > MAX_URL_LENGTH)
    throw new FetchError(`The URL is longer than ${MAX_URL_LENGTH} characters.`);
  if (!URL.canParse(text, base?.href))
    throw new FetchError('This is not a URL: give a whole one, like https://example.com/page.');
  const url = new URL(text, base?.href);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new FetchError(`Only http and https URLs are fetched, not ${url.protocol.slice(0, 20)}`);
  if (url.username !== '' || url.password !== '')
    throw new FetchError(
      'URLs with a user name or password in them are not fetched: give them in an Authorization header.',
    );
  if (BAD_PORTS.has(Number(url.port || Number.NaN)))
    throw new FetchError(`Port ${url.port} belongs to another protocol: no web page is fetched from there.`);
  // RFC 9110 §4.2.1: the fragment is the reader's.
  url.hash = '';
  return url;
}
