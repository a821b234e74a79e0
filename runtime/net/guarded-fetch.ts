/**
 * Fetching what a stranger named, without being led anywhere but to the public internet (server-side request forgery).
 * The addresses that a name leads to are checked where the socket opens, so that no second answer of DNS comes between
 * the check and the use. Only https on port 443, one request for each connection, no redirects, no cookies, no proxy.
 */
import { Agent, request as undiciRequest, type Dispatcher } from 'undici';
import { guardedConnector, NotPublicError, type ConnectGuard } from './guarded-connect.ts';

export interface GuardedRequest {
  headers?: Record<string, string>;
  /** For all of it: name, connection, headers and body. Milliseconds. */
  timeoutMs: number;
  /** Of the body; a larger one is an error. */
  maxBytes: number;
}

export interface GuardedResponse {
  /** Any status; a redirect is an answer like another. */
  status: number;
  /** The header's value, by its name in lower case; of several, the first. */
  header: (name: string) => string | undefined;
  /** UTF-8. */
  body: string;
}

/** @throws GuardedFetchError */
export type GuardedFetch = (url: string, request: GuardedRequest) => Promise<GuardedResponse>;

export type GuardedFetchReason = 'url' | 'address' | 'unreachable' | 'too-large' | 'encoding';

/** Why nothing was fetched. The message is for a log: what it says of addresses is nothing for strangers. */
export class GuardedFetchError extends Error {
  override name = 'GuardedFetchError';
  readonly reason: GuardedFetchReason;

  constructor(reason: GuardedFetchReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** For tests, which have neither names nor a public address. */
export type GuardOptions = ConnectGuard;

export function createGuardedFetch(options: GuardOptions = {}): GuardedFetch {
  return async (text, request) => {
    const url = assertUrl(text);
    const agent = new Agent({ connect: guardedConnector(options, request.timeoutMs), pipelining: 0 });
    try {
      const response = await undiciRequest(url, {
        dispatcher: agent,
        method: 'GET',
        headers: { 'user-agent': 'mcpgw', 'accept-encoding': 'identity', ...request.headers },
        signal: AbortSignal.timeout(request.timeoutMs),
      });
      return await readResponse(response, request.maxBytes);
    } catch (error) {
      throw explain(error);
    } finally {
      void agent.destroy();
    }
  };
}

function assertUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.port !== '' || url.username !== '' || url.password !== '')
    throw new GuardedFetchError('url', 'only https URLs on port 443 are fetched');
  return url;
}

async function readResponse(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  maxBytes: number,
): Promise<GuardedResponse> {
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  if (!['identity', undefined].includes(header('content-encoding')?.toLowerCase()))
    throw new GuardedFetchError('encoding', 'the body is compressed, which was not asked for');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > maxBytes)
      throw new GuardedFetchError('too-large', `the body is larger than ${maxBytes} bytes`);
  }
  return { status: statusCode, header, body: decode(Buffer.concat(chunks)) };
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new GuardedFetchError('encoding', 'the body is not UTF-8');
  }
}

function explain(error: unknown): GuardedFetchError {
  if (error instanceof GuardedFetchError) return error;
  if (error instanceof NotPublicError) return new GuardedFetchError('address', error.message);
  const { name, code } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  return new GuardedFetchError('unreachable', `nothing came: ${code ?? name ?? 'unknown'}`);
}
