/**
 * One request on one connection of its own, through the guard: no cookies, no cache, no proxy whatever the environment
 * says, and no redirects, which are further requests.
 */
import type { Readable } from 'node:stream';
import { Agent, request as undiciRequest } from 'undici';
import { guardedConnector, NotPublicError, type ConnectGuard } from '../../../net/guarded-connect.ts';
import { FetchError } from '../fetch-error.ts';
import { ACCEPT_ENCODING } from './body.ts';
import type { Hop } from './redirects.ts';

export interface SendOptions {
  guard: ConnectGuard;
  userAgent: string;
  maxHeaderBytes: number;
  timeoutMs: number;
  signal: AbortSignal;
}

export interface SiteResponse {
  status: number;
  /** The value of a header by its name in lower case; of several, the first. */
  header: (name: string) => string | undefined;
  /** All of them; of several of one name, a list. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Readable;
}

/**
 * @param use reads the answer; when it is done the connection is closed
 * @throws FetchError, the reason of `signal`, or what `use` throws
 */
export async function send<T>(
  hop: Hop,
  options: SendOptions,
  use: (response: SiteResponse) => Promise<T>,
): Promise<T> {
  const { guard, signal, timeoutMs } = options;
  const agent = new Agent({
    connect: guardedConnector(guard, timeoutMs),
    pipelining: 0,
    maxHeaderSize: options.maxHeaderBytes,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  try {
    const { statusCode, headers, body } = await undiciRequest(hop.url, {
      dispatcher: agent,
      method: hop.method,
      headers: {
        accept: 'text/html,application/xhtml+xml,text/markdown;q=0.9,*/*;q=0.8',
        ...hop.headers,
        'user-agent': options.userAgent,
        'accept-encoding': ACCEPT_ENCODING,
      },
      body: hop.body ?? null,
      signal,
    });
    // A body that nobody reads any more fails when its connection is closed.
    body.on('error', () => undefined);
    const header = (name: string): string | undefined => {
      const value = headers[name];
      return Array.isArray(value) ? value[0] : value;
    };
    return await use({ status: statusCode, header, headers, body });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw explain(error, hop.url);
  } finally {
    void agent.destroy();
  }
}

const REASONS: [codes: RegExp, text: (url: URL) => string][] = [
  [/^(?:ENOTFOUND|ENODATA)$/, ({ hostname }) => `There is no host ${hostname}. Check the URL.`],
  [/^EAI_/, ({ hostname }) => `The name ${hostname} cannot be looked up now. Try again later.`],
  [/^ECONNREFUSED$/, ({ host }) => `${host} takes no connections. Check the URL, or try again later.`],
  [/TIMEOUT$|^ETIMEDOUT$/, ({ host }) => `${host} does not answer in time. Try again later.`],
  [
    /^UND_ERR_HEADERS_OVERFLOW$|^HPE_HEADER_OVERFLOW$/,
    ({ host }) => `${host} answers with headers that are too large.`,
  ],
  [
    /CERT|^ERR_TLS|^UNABLE_TO_|^ERR_SSL|^EPROTO$/,
    ({ host }) => `The connection to ${host} is not secure: its certificate or TLS is not to be trusted.`,
  ],
  [/^HPE_/, ({ host }) => `${host} answers with something that is not HTTP.`],
];

/** undici's parser gives a code to some of its errors only. */
function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return '';
  return (cause as NodeJS.ErrnoException).code ?? (cause.name === 'HTTPParserError' ? 'HPE_' : '');
}

/** In words for the caller, who learns nothing of addresses on the inside. */
function explain(error: unknown, url: URL): unknown {
  if (!(error instanceof Error) || error instanceof FetchError) return error;
  const causes = [
    error,
    error.cause,
    ...(error instanceof AggregateError ? (error.errors as unknown[]) : []),
  ];
  if (causes.some((cause) => cause instanceof NotPublicError))
    return new FetchError(
      `${url.hostname} does not lead to a public address, and only the public internet is fetched from. ` +
        'The operator of the gateway can allow a host with MCP_FETCHS_ALLOWED_HOSTS.',
    );
  const codes = causes.map(codeOf);
  for (const [pattern, text] of REASONS)
    if (codes.some((code) => pattern.test(code))) return new FetchError(text(url));
  if (codes.some((code) => code !== ''))
    return new FetchError(`The connection to ${url.host} broke off. Try again later.`);
  return error;
}
