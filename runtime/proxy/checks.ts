/** Checks that every method of the endpoint shares, as functions that return a refusal. */
import type { IncomingMessage } from 'node:http';
import type { CallerContext } from '../config/context.ts';
import type { Logger } from '../config/log.ts';
import type { BodyBudget, BodyRefusal } from '../net/request-body.ts';
import type { ChildCommand } from './child/child.ts';
import {
  type Accepts,
  HANDSHAKE_VERSIONS,
  isJson,
  parseAccept,
  type Refusal,
  RETRY_AFTER,
  SERVED_VERSIONS,
  VERSION_HEADER,
} from './http.ts';
import type { ProxyLimits } from './limits.ts';
import { ErrorCode } from './messages/json-rpc.ts';
import type { ModernEra } from './modern/modern-era.ts';
import type { ProxyMetrics } from './proxy-metrics.ts';
import type { Session } from './session/session.ts';
import type { Sessions } from './session/sessions.ts';

/** What the handlers of all methods work with. */
export interface ProxyDeps {
  service: string;
  limits: ProxyLimits;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  sessions: Sessions;
  modern: ModernEra;
  bodies: BodyBudget;
  clientRoots: boolean;
  metrics: ProxyMetrics;
  command: (caller: CallerContext) => ChildCommand | Promise<ChildCommand>;
}

const SUPPORTED: ReadonlySet<string> = new Set(HANDSHAKE_VERSIONS);

/** @returns a header that is a single value; Node joins or drops repeated ones */
export function headerOf(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** @returns what the client of a POST takes for an answer, or the refusal of one that cannot be read or answered */
export function acceptsOf({ headers }: IncomingMessage): Accepts | Refusal {
  const refused = (status: number, message: string): Refusal => ({ status, code: ErrorCode.server, message });
  if (!isJson(headers['content-type'])) return refused(415, 'Content-Type must be application/json.');
  const accepts = parseAccept(headers.accept);
  if (accepts.json || accepts.stream) return accepts;
  return refused(406, 'Accept must allow application/json and text/event-stream.');
}

/**
 * "If the server receives a request with an invalid or unsupported MCP-Protocol-Version, it MUST respond with 400 Bad
 * Request." Another supported version than the session's is served: today's clients do that. `data.supported` is what
 * makes a client of 2026-07-28 fall back to the handshake.
 */
export function checkVersion(req: IncomingMessage, session: Session | undefined): Refusal | undefined {
  const header = headerOf(req, VERSION_HEADER);
  if (header === undefined || header === session?.protocolVersion) return undefined;
  if (!SUPPORTED.has(header)) return unsupportedVersion(header);
  session?.noteVersion(header);
  return undefined;
}

/** @returns the caller's session, or the refusal; whose an id is, is nobody else's to know, so theirs is 404 too */
export function sessionOf(id: string | undefined, caller: CallerContext, deps: ProxyDeps): Session | Refusal {
  if (id === undefined) {
    return { status: 400, code: ErrorCode.server, message: 'Mcp-Session-Id is required; initialize first.' };
  }
  const session = deps.sessions.find(id, caller.sub);
  return session ?? { status: 404, code: ErrorCode.sessionNotFound, message: 'Session not found' };
}

export function unsupportedVersion(requested: string): Refusal {
  return {
    status: 400,
    code: ErrorCode.unsupportedProtocolVersion,
    message: `Unsupported protocol version: ${requested}. Supported: ${SERVED_VERSIONS.join(', ')}.`,
    data: { supported: SERVED_VERSIONS, requested },
  };
}

export function unavailable(status: number, message: string): Refusal {
  return { status, code: ErrorCode.server, message, headers: RETRY_AFTER };
}

export const SHUTTING_DOWN = unavailable(503, 'The proxy is shutting down.');

/** Of what is answered with a stream alone. */
export const STREAM_REFUSED: Refusal = {
  status: 406,
  code: ErrorCode.server,
  message: 'Accept must allow text/event-stream.',
};

/** @returns why there is no place for another session */
export function noPlace(
  place: 'full' | 'user-full',
  { maxSessions, maxSessionsPerUser }: Pick<ProxyLimits, 'maxSessions' | 'maxSessionsPerUser'>,
): Refusal {
  return place === 'full'
    ? unavailable(503, `All ${maxSessions} sessions are in use; try again later.`)
    : unavailable(429, `You have ${maxSessionsPerUser} sessions open; end one or let one expire.`);
}

/**
 * @param maxBytes the bound that a message which is too long went beyond
 * @returns what the client is told of a body that was not read
 */
export function bodyRefusal(why: BodyRefusal, maxBytes: number): Refusal {
  switch (why) {
    case 'too-long': {
      const message = `The message is longer than ${maxBytes} bytes.`;
      return { status: 413, code: ErrorCode.invalidRequest, message };
    }
    case 'busy':
      return unavailable(503, 'Too many messages are being received; try again later.');
    case 'user-busy':
      return unavailable(429, 'You are sending too much at once; let some of it finish.');
  }
}
