/** Between Node's `http` and the web-standard `Request` and `Response` that the MCP SDK speaks. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type BodyOptions, type BodyRefusal, readBody } from '../net/request-body.ts';

/** The JSON-RPC codes that the Streamable HTTP transport of the MCP SDK answers with. */
export const RPC_PARSE_ERROR = -32700;
export const RPC_SERVER_ERROR = -32000;
export const RPC_SESSION_NOT_FOUND = -32001;

export type BodyResult =
  | { kind: 'json'; value: unknown }
  | { kind: 'refused'; why: BodyRefusal }
  | { kind: 'malformed' }
  /** The client went away before it had sent everything: there is nobody to answer. */
  | { kind: 'aborted' };

/** Reads a whole JSON body within bounds. */
export function readJsonBody(req: IncomingMessage, options: BodyOptions): Promise<BodyResult> {
  return new Promise((resolve) => {
    req.on('close', () => resolve({ kind: 'aborted' }));
    readBody(req, options, (body) =>
      resolve(typeof body === 'string' ? { kind: 'refused', why: body } : parsed(body)),
    );
  });
}

function parsed(body: Buffer): BodyResult {
  try {
    return { kind: 'json', value: JSON.parse(body.toString('utf8')) as unknown };
  } catch {
    return { kind: 'malformed' };
  }
}

/**
 * The SDK demands its media types by name, while the reference also serves an `Accept` of any type and none at all:
 * those two become what the SDK wants to see. Anything else is the client's own word and stays.
 */
export function effectiveAccept(method: string, accept: string | undefined): string {
  if (accept !== undefined && accept.trim() !== '' && !accept.includes('*/*')) return accept;
  return method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream';
}

/**
 * A web request without a body: the parsed body goes to the SDK beside it, so that it is neither copied nor parsed
 * a second time.
 * @param signal aborts when the client goes away
 */
export function toBodilessRequest(req: IncomingMessage, signal: AbortSignal): Request {
  const method = req.method ?? 'GET';
  const headers = new Headers();
  for (const [name, value] of Object.entries(req.headers)) {
    if (value === undefined || name.startsWith(':')) continue;
    headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  headers.set('accept', effectiveAccept(method, req.headers.accept));
  // The host is not the caller's: nothing behind this line may take a decision on it.
  return new Request('http://service.invalid/mcp', { method, headers, signal });
}

/** An error of the transport, in the shape that MCP clients expect in the body of an HTTP error. */
export function rpcErrorResponse(
  status: number,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status, headers });
}

/** Writes `body` as JSON. */
export function sendJson(
  res: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  const text = JSON.stringify(body);
  res.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    ...headers,
  });
  res.end(res.req.method === 'HEAD' ? undefined : text);
}

/** Ends when the stream does or its reader leaves; leaving cancels it, and the SDK forgets it. */
async function pipe(body: ReadableStream<Uint8Array>, res: ServerResponse): Promise<void> {
  try {
    await pipeline(Readable.fromWeb(body), res);
  } catch {
    // A stream's reader may leave at any time: that is no fault, and there is nobody to tell.
    res.destroy();
  }
}

/** Writes a web response out: a stream as it comes, anything else in one piece with its length. */
export async function sendResponse(res: ServerResponse, response: Response): Promise<void> {
  const headers = Object.fromEntries(response.headers);
  // Whether the connection stays open is Node's to say, not the SDK's.
  delete headers['connection'];
  if (response.body !== null && headers['content-type']?.startsWith('text/event-stream') === true) {
    res.writeHead(response.status, headers);
    res.flushHeaders();
    await pipe(response.body, res);
    return;
  }
  const body = Buffer.from(await response.arrayBuffer());
  res.writeHead(response.status, { ...headers, 'Content-Length': body.length });
  res.end(body);
}
