/**
 * What every native MCP service does before a tool runs: its paths, the `Origin` check, the signed context, the body.
 * Nothing here knows a tool or a session.
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isJsonContentType } from '@modelcontextprotocol/server';
import { CONTEXT_HEADER, verifyContext, type CallerContext } from '../config/context.ts';
import type { Logger } from '../config/log.ts';
import { BodyBudget, type BodyRefusal } from '../net/request-body.ts';
import {
  RPC_PARSE_ERROR,
  RPC_SERVER_ERROR,
  readJsonBody,
  rpcErrorResponse,
  sendJson,
  sendResponse,
  toBodilessRequest,
} from './http.ts';
import { methodOf, NativeMetrics } from './native-metrics.ts';
import { judgeOrigin } from './origin.ts';

const MAX_BODY_BYTES = 10 * 1024 * 1024;

export interface NativeServiceOptions {
  /** The catalog's name of the service; a context signed for another one is refused. */
  service: string;
  /** Verifies `X-Mcpgw-Context`: `deriveKey(root, 'context:<service>')`. */
  contextKey: Uint8Array;
  /** Exact origins of web pages that may call; `*` for any. A call without `Origin` is no page's and passes. */
  allowedOrigins: string[];
  /** The process environment, or what a test puts in its place. Only an allow-list of it is ever shown. */
  environment: () => Record<string, string | undefined>;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** The longest body of a request (default 10 MiB); a longer one is answered 413. */
  maxBodyBytes?: number;
  /** Sessions of all users together (default 1000); one more is answered 503. */
  maxSessions?: number;
  /** Sessions of one user (default 32); one more is answered 429. */
  maxSessionsPerUser?: number;
  /** A session without a request for this many seconds ends (default 1800). */
  sessionIdleSeconds?: number;
}

export interface NativeService {
  /** Serves `/mcp`, `/mcp/` and `GET /health`. Never throws. */
  handle(req: IncomingMessage, res: ServerResponse): void;
  stats(): { sessions: number; children: 0 };
  /** @returns Prometheus' text format 0.0.4 */
  metrics(): string;
  /** Ends all sessions and streams; what comes later is answered 503. */
  close(): Promise<void>;
}

/** One request to `/mcp` that has passed the checks. */
export interface NativeRequest {
  /** From the signed header: the only source for a decision. */
  caller: CallerContext;
  /** As they arrived, names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** When the request's headers had arrived, in milliseconds since the epoch. */
  receivedAtMs: number;
  /** When its body had been read and parsed, in milliseconds since the epoch. */
  parsedAtMs: number;
  /** The parsed body of a POST. */
  body: unknown;
  /** For the SDK: the same request without its body. */
  web: Request;
  /** Resolves when the answer is out or its reader is gone. */
  finished: Promise<void>;
}

/** The part of a service that differs: what it answers on `/mcp`. */
export interface McpEndpoint {
  serve(request: NativeRequest): Promise<Response>;
  sessions(): number;
  /** With what its tools count, where they do. */
  metrics?: NativeMetrics;
  close(): Promise<void>;
}

interface Edge {
  options: NativeServiceOptions;
  /** With it an HMAC takes a fifth of what it takes with the bytes. */
  contextKey: KeyObject;
  endpoint: McpEndpoint;
  now: () => number;
  maxBodyBytes: number;
  bodies: BodyBudget;
  metrics: NativeMetrics;
}

function plainHeaders(req: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(req.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

function whenFinished(res: ServerResponse): { finished: Promise<void>; signal: AbortSignal } {
  const abort = new AbortController();
  const finished = new Promise<void>((resolve) => {
    res.once('close', () => {
      if (!res.writableFinished) abort.abort();
      resolve();
    });
  });
  return { finished, signal: abort.signal };
}

/** Reads the body of a POST, or says why it cannot be used; undefined when nobody is left to tell. */
async function bodyOf(
  { maxBodyBytes: maxBytes, bodies: budget }: Edge,
  req: IncomingMessage,
  user: string,
): Promise<{ value: unknown } | Response | undefined> {
  if (req.method !== 'POST') return { value: undefined };
  if (!isJsonContentType(req.headers['content-type'] ?? null)) {
    req.resume();
    return rpcErrorResponse(
      415,
      RPC_SERVER_ERROR,
      'Unsupported Media Type: Content-Type must be application/json',
    );
  }
  const body = await readJsonBody(req, { maxBytes, budget, user });
  switch (body.kind) {
    case 'json':
      return { value: body.value };
    case 'refused':
      return bodyRefusal(body.why, maxBytes);
    case 'malformed':
      return rpcErrorResponse(400, RPC_PARSE_ERROR, 'Parse error: the request body is not valid JSON');
    case 'aborted':
      return undefined;
  }
}

function bodyRefusal(why: BodyRefusal, maxBytes: number): Response {
  const later = { 'Retry-After': '1' };
  switch (why) {
    case 'too-long':
      return rpcErrorResponse(413, RPC_SERVER_ERROR, `Payload Too Large: at most ${maxBytes} bytes`, {
        Connection: 'close',
      });
    case 'busy':
      return rpcErrorResponse(503, RPC_SERVER_ERROR, 'Too many messages are being received', later);
    case 'user-busy':
      return rpcErrorResponse(429, RPC_SERVER_ERROR, 'You are sending too much at once', later);
  }
}

/** Who calls, or undefined after the refusal has been written. */
function admit(
  { options, contextKey, now, metrics }: Edge,
  req: IncomingMessage,
  res: ServerResponse,
): CallerContext | undefined {
  if (!judgeOrigin(req.headers.origin, options.allowedOrigins).allowed) {
    metrics.refused(403);
    options.logger.warn({ service: options.service, origin: req.headers.origin }, 'origin refused');
    sendJson(res, 403, {
      error: 'forbidden',
      error_description: 'This Origin may not call the service; MCP_CORS_ORIGINS lists those that may.',
    });
    return undefined;
  }
  // Node joins a repeated header with a comma, and such a value verifies under no signature.
  const signed = req.headers[CONTEXT_HEADER];
  const caller = verifyContext(
    typeof signed === 'string' ? signed : undefined,
    contextKey,
    options.service,
    now() / 1000,
  );
  if (caller === undefined) {
    metrics.refused(401);
    options.logger.warn({ service: options.service, present: signed !== undefined }, 'context refused');
    sendJson(res, 401, {
      error: 'unauthorized',
      error_description:
        'The signed caller context is missing, invalid or expired: call this service through the gateway.',
    });
  }
  return caller;
}

async function serveMcp(edge: Edge, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const receivedAtMs = edge.now();
  const { finished, signal } = whenFinished(res);
  const caller = admit(edge, req, res);
  if (caller === undefined) return;
  if (req.method !== 'POST' && req.method !== 'GET' && req.method !== 'DELETE') {
    sendJson(res, 405, { error: 'method_not_allowed' }, { Allow: 'GET, POST, DELETE' });
    return;
  }
  const body = await bodyOf(edge, req, caller.sub);
  if (body === undefined) return;
  if (body instanceof Response) {
    edge.metrics.refused(body.status);
    return sendResponse(res, body);
  }
  if (req.method === 'POST') edge.metrics.watch(res, methodOf(body.value));
  const response = await edge.endpoint.serve({
    caller,
    headers: plainHeaders(req),
    receivedAtMs,
    parsedAtMs: edge.now(),
    body: body.value,
    web: toBodilessRequest(req, signal),
    finished,
  });
  if (req.method === 'GET' && response.ok) edge.metrics.stream(res);
  await sendResponse(res, response);
}

async function route(edge: Edge, closed: boolean, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const path = (req.url ?? '/').split('?', 1)[0];
  if (path === '/health' && (req.method === 'GET' || req.method === 'HEAD')) {
    const status = closed ? 'closing' : 'ok';
    return sendJson(res, closed ? 503 : 200, {
      status,
      service: edge.options.service,
      sessions: edge.endpoint.sessions(),
    });
  }
  if (path !== '/mcp' && path !== '/mcp/') {
    return sendJson(res, 404, { error: 'not_found', error_description: 'The MCP endpoint is /mcp.' });
  }
  if (closed) return sendJson(res, 503, { error: 'temporarily_unavailable' }, { 'Retry-After': '1' });
  return serveMcp(edge, req, res);
}

function fail({ options }: Edge, res: ServerResponse, error: unknown): void {
  options.logger.error({ service: options.service, error: String(error) }, 'request failed');
  if (res.headersSent) res.destroy();
  else sendJson(res, 500, { error: 'server_error' });
}

/** Puts the common checks in front of `endpoint`. */
export function createNativeService(options: NativeServiceOptions, endpoint: McpEndpoint): NativeService {
  const contextKey = createSecretKey(options.contextKey);
  const { now = Date.now, maxBodyBytes = MAX_BODY_BYTES } = options;
  const { metrics = new NativeMetrics() } = endpoint;
  const edge: Edge = {
    options,
    contextKey,
    endpoint,
    now,
    maxBodyBytes,
    bodies: new BodyBudget(maxBodyBytes),
    metrics,
  };
  let closed = false;
  return {
    handle(req, res) {
      route(edge, closed, req, res).catch((error: unknown) => fail(edge, res, error));
    },
    stats: () => ({ sessions: endpoint.sessions(), children: 0 }),
    metrics: () => metrics.text(endpoint.sessions()),
    async close() {
      closed = true;
      await endpoint.close();
    },
  };
}
