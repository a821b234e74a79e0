/**
 * `fetch` with a resolver of its own: names that no DNS here knows lead to an address of the loopback net, as they would
 * with `curl --resolve`. Answers stream.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import { Readable } from 'node:stream';

export interface Place {
  address: string;
  port: number;
  /** What is spoken there, whatever the URL says: `http` where something else would end TLS. */
  protocol: 'http' | 'https';
  /** PEM of the authority that signed the certificate there. */
  ca?: string;
  /** Asked for in the TLS handshake, where it is not the URL's host. */
  serverName?: string;
}

export type Resolve = (url: URL) => Place | undefined;

const MAX_REDIRECTS = 10;

/** @param resolve the place for a URL; what it does not know is refused, so that no test leaves the machine */
export function resolvingFetch(resolve: Resolve): typeof fetch {
  return async (input, init) => {
    let request = new Request(input, init);
    const redirect = init?.redirect ?? 'follow';
    for (let step = 0; step <= MAX_REDIRECTS; step++) {
      const response = await send(request, resolve);
      const location = response.headers.get('location');
      if (location === null || redirect !== 'follow' || response.status < 300) return response;
      await response.body?.cancel();
      const method = response.status >= 307 ? request.method : 'GET';
      request = new Request(new URL(location, request.url), {
        method,
        headers: request.headers,
        signal: request.signal,
      });
    }
    throw new TypeError('too many redirects');
  };
}

async function send(request: Request, resolve: Resolve): Promise<Response> {
  const url = new URL(request.url);
  const place = resolve(url);
  if (place === undefined) throw new TypeError(`fetch failed: ${url.host} is not known here`);
  const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
  const options = {
    host: place.address,
    port: place.port,
    method: request.method,
    path: url.pathname + url.search,
    headers: {
      ...Object.fromEntries(request.headers),
      host: url.host,
      ...(body === undefined ? {} : { 'content-length': body.length }),
    },
    signal: request.signal,
    ...(place.protocol === 'https'
      ? { servername: place.serverName ?? url.hostname, ...(place.ca ? { ca: place.ca } : {}) }
      : {}),
  };
  const message = await new Promise<http.IncomingMessage>((done, failed) => {
    const outgoing = (place.protocol === 'https' ? https : http).request(options, done);
    outgoing.on('error', (cause) => failed(new TypeError('fetch failed', { cause })));
    outgoing.end(body);
  });
  return responseOf(message, url);
}

function responseOf(message: http.IncomingMessage, url: URL): Response {
  const headers = new Headers();
  for (let index = 0; index < message.rawHeaders.length; index += 2) {
    headers.append(message.rawHeaders[index] as string, message.rawHeaders[index + 1] as string);
  }
  const status = message.statusCode ?? 500;
  const empty = [101, 204, 205, 304].includes(status);
  if (empty) message.resume();
  // A stream that its reader gave up ends with an error that nobody waits for.
  message.on('error', () => undefined);
  const body = empty ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>);
  const response = new Response(body, { status, statusText: message.statusMessage ?? '', headers });
  Object.defineProperty(response, 'url', { value: url.href });
  return response;
}
