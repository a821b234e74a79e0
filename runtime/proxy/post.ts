/** POST: a client's messages on their way to its session's child. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallerContext } from '../config/context.ts';
import {
  checkVersion,
  headerOf,
  sessionOf,
  SHUTTING_DOWN,
  unavailable,
  unsupportedVersion,
  type ProxyDeps,
} from './checks.ts';
import { lineOf, toOneLine } from './child.ts';
import { Exchange } from './exchange.ts';
import {
  BATCH_VERSION,
  isJson,
  parseAccept,
  readBody,
  refuse,
  replyEmpty,
  SESSION_HEADER,
  type Accepts,
  type Refusal,
} from './http.ts';
import { classify, ErrorCode, type RpcId, type RpcMessage } from './json-rpc.ts';
import { openSession } from './open-session.ts';
import type { Session } from './session.ts';

/** The body of a POST: what its messages are, and the lines to pass on. */
interface Parsed {
  messages: RpcMessage[];
  lines: Buffer[];
  batch: boolean;
}

export function handlePost(
  req: IncomingMessage,
  res: ServerResponse,
  caller: CallerContext,
  deps: ProxyDeps,
): void {
  if (!isJson(req.headers['content-type'])) {
    return refuse(res, {
      status: 415,
      code: ErrorCode.server,
      message: 'Content-Type must be application/json.',
    });
  }
  const accepts = parseAccept(req.headers.accept);
  if (!accepts.json && !accepts.stream) {
    const message = 'Accept must allow application/json and text/event-stream.';
    return refuse(res, { status: 406, code: ErrorCode.server, message });
  }
  readBody(req, deps.limits.maxMessageBytes, (body) => {
    try {
      receive(req, res, { caller, accepts, body }, deps);
    } catch (error) {
      // One request must not take the other sessions down: JSON.stringify, for one, throws on a batch that is nested deeply.
      deps.logger.error({ service: deps.service, user: caller.sub, reason: String(error) }, 'request failed');
      refuse(res, { status: 500, code: ErrorCode.internal, message: 'The request could not be handled.' });
    }
  });
}

interface Received {
  caller: CallerContext;
  accepts: Accepts;
  /** Undefined when it was too long. */
  body: Buffer | undefined;
}

function receive(
  req: IncomingMessage,
  res: ServerResponse,
  { caller, accepts, body }: Received,
  deps: ProxyDeps,
): void {
  if (body === undefined) {
    const message = `The message is longer than ${deps.limits.maxMessageBytes} bytes.`;
    return refuse(res, { status: 413, code: ErrorCode.invalidRequest, message });
  }
  const parsed = parseMessages(body);
  if ('status' in parsed) return refuse(res, parsed);
  accept(req, res, { caller, accepts, parsed }, deps);
}

function parseMessages(body: Buffer): Parsed | Refusal {
  const malformed = { status: 400, code: ErrorCode.parse, message: 'The body is not JSON in UTF-8.' };
  if (!isUtf8(body)) return malformed;
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return malformed;
  }
  const batch = Array.isArray(value);
  const values: unknown[] = Array.isArray(value) ? value : [value];
  const messages: RpcMessage[] = [];
  for (const item of values) {
    const message = classify(item);
    if (message !== undefined) messages.push(message);
  }
  if (messages.length === 0 || messages.length < values.length) {
    return {
      status: 400,
      code: ErrorCode.invalidRequest,
      message: 'The body is not a JSON-RPC 2.0 message.',
    };
  }
  // Servers on stdio have never had to read arrays, so each message of one goes to the child alone.
  return {
    messages,
    batch,
    lines: batch ? values.map((item) => lineOf(JSON.stringify(item))) : [toOneLine(body)],
  };
}

interface Incoming {
  caller: CallerContext;
  accepts: Accepts;
  parsed: Parsed;
}

function accept(req: IncomingMessage, res: ServerResponse, incoming: Incoming, deps: ProxyDeps): void {
  const { messages, batch } = incoming.parsed;
  const [first] = messages;
  const id = first?.kind === 'request' ? first.id : null;
  const sessionId = headerOf(req, SESSION_HEADER);
  const opens =
    sessionId === undefined && !batch && first?.kind === 'request' && first.method === 'initialize';
  if (opens) {
    const refusal = checkVersion(req, undefined);
    if (refusal !== undefined) return refuse(res, refusal, id);
    const { caller, accepts, parsed } = incoming;
    void openSession(res, { caller, accepts, initialize: first, lines: parsed.lines }, deps);
    return;
  }
  const session = sessionOf(sessionId, incoming.caller, deps);
  const known = 'status' in session ? undefined : session;
  const refusal =
    checkVersion(req, known) ??
    (sessionId === undefined ? checkDiscovery(first) : undefined) ??
    (known === undefined ? undefined : checkMessages(known, incoming.parsed, deps));
  if (refusal !== undefined) return refuse(res, refusal, id);
  if ('status' in session) return refuse(res, session, id);
  pass(res, session, incoming, deps);
}

/** `server/discover` without a session opens the era without handshakes (MCP 2026-07-28), which is not served here. */
function checkDiscovery(message: RpcMessage | undefined): Refusal | undefined {
  if (message?.kind !== 'request' || message.method !== 'server/discover') return undefined;
  return unsupportedVersion('2026-07-28');
}

function checkMessages(session: Session, { messages, batch }: Parsed, deps: ProxyDeps): Refusal | undefined {
  const invalid = (message: string): Refusal => ({ status: 400, code: ErrorCode.invalidRequest, message });
  if (batch && session.protocolVersion !== BATCH_VERSION) {
    return invalid(
      `A batch is only part of ${BATCH_VERSION}; this session is ${session.protocolVersion ?? 'new'}.`,
    );
  }
  const seen = new Set<RpcId>();
  for (const message of messages) {
    if (message.kind !== 'request') continue;
    if (message.method === 'initialize') return invalid('The session is initialized already.');
    if (seen.has(message.id) || session.isPending(message.id)) {
      return invalid(`A request with the id ${JSON.stringify(message.id)} is pending already.`);
    }
    if (batch) seen.add(message.id);
    if (deps.sessions.closing) return SHUTTING_DOWN;
  }
  if (!session.congested) return undefined;
  return unavailable(503, 'The server does not read what it is sent.');
}

function pass(res: ServerResponse, session: Session, { parsed, accepts }: Incoming, deps: ProxyDeps): void {
  const { messages, lines, batch } = parsed;
  let requests = 0;
  for (const message of messages) if (message.kind === 'request') requests += 1;
  if (requests === 0) {
    session.post(messages, lines);
    return replyEmpty(res, 202);
  }
  const { maxBufferedBytes } = deps.limits;
  const exchange = new Exchange(res, { requests, batch, accepts, maxBufferedBytes, openedAtMs: deps.now() });
  res.on('close', () => {
    if (!exchange.done) session.disconnected(exchange);
  });
  session.post(messages, lines, exchange);
}
