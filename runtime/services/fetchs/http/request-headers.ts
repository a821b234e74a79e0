/** The headers that a caller may give, and those that go on to another origin. */
import { FetchError } from '../fetch-error.ts';

const MAX_HEADERS = 40;
const MAX_BYTES = 16 * 1024;

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** RFC 9110 §5.5, of ASCII alone. */
const VALUE = /^[\t\x20-\x7e]*$/;

/** What makes or ends a connection or frames a body (RFC 9110 §7.6.1), or is ours to say. */
const OURS = new Set([
  ...['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'],
  ...['host', 'content-length', 'content-encoding', 'expect', 'accept-encoding', 'user-agent', 'via'],
]);

/** What says where a request comes from, who is behind it, or opens the metadata of a cloud; and what hides a method. */
const DANGEROUS = new Set([
  ...['forwarded', 'x-real-ip', 'true-client-ip', 'x-client-ip', 'x-cluster-client-ip', 'cf-connecting-ip'],
  ...['x-user-id', 'x-user-name', 'x-client-id', 'metadata', 'metadata-flavor', 'x-google-metadata-request'],
  ...['x-http-method', 'x-http-method-override', 'x-method-override', 'x-original-url', 'x-rewrite-url'],
]);
const DANGEROUS_START = ['proxy-', 'sec-', 'x-forwarded-', 'x-mcpgw-', 'x-aws-ec2-', 'x-envoy-'];

/** Of a caller's headers, what another origin may see: nothing that could be a credential. */
const ACROSS_ORIGINS = new Set(['accept', 'accept-language', 'content-type', 'content-language', 'range']);

/**
 * @returns the headers with names in lower case
 * @throws FetchError that names the header
 */
export function callerHeaders(given: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(given);
  if (entries.length > MAX_HEADERS) throw new FetchError(`At most ${MAX_HEADERS} headers are sent.`);
  const headers: Record<string, string> = {};
  let bytes = 0;
  for (const [given, value] of entries) {
    const name = given.toLowerCase();
    bytes += name.length + value.length;
    if (!TOKEN.test(name)) throw new FetchError('headers: a name has characters that no header may have.');
    if (Object.hasOwn(headers, name)) throw new FetchError(`headers: ${name} is there twice.`);
    if (!VALUE.test(value))
      throw new FetchError(`headers: the value of ${name} must be one line of ASCII characters.`);
    if (OURS.has(name) || DANGEROUS.has(name) || DANGEROUS_START.some((start) => name.startsWith(start)))
      throw new FetchError(`headers: ${name} cannot be set. Leave it out.`);
    headers[name] = value.trim();
  }
  if (bytes > MAX_BYTES) throw new FetchError(`headers: together they may have ${MAX_BYTES} bytes.`);
  return headers;
}

/** @returns those of `headers` that may follow a redirect to another origin */
export function acrossOrigins(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => ACROSS_ORIGINS.has(name)));
}

/** @returns `headers` without what describes a body (Fetch standard, "request-body-header name") */
export function withoutBody(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('content-')));
}
