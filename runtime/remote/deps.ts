/** What the handlers of all methods of a remote service work with. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallerContext } from '../config/context.ts';
import type { Logger } from '../config/log.ts';
import type { BodyBudget } from '../net/request-body.ts';
import { headerOf } from '../proxy/checks.ts';
import { type Refusal, SESSION_HEADER, VERSION_HEADER } from '../proxy/http.ts';
import { ErrorCode } from '../proxy/messages/json-rpc.ts';
import type { EventIds } from './answers/event-ids.ts';
import type { RemoteLimits } from './limits.ts';
import type { Pending } from './pending.ts';
import type { RemoteMetrics } from './remote-metrics.ts';
import type { RemoteSession, RemoteSessions } from './sessions.ts';
import type { Upstream } from './upstream.ts';

export interface RemoteDeps {
  service: string;
  limits: RemoteLimits;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  upstream: Upstream;
  sessions: RemoteSessions;
  pending: Pending;
  bodies: BodyBudget;
  metrics: RemoteMetrics;
  eventIds: EventIds;
}

export interface Asked {
  req: IncomingMessage;
  res: ServerResponse;
  caller: CallerContext;
}

/**
 * The caller's session, undefined where the client names none (the server may do without), or the refusal: whose an id is,
 * is nobody else's to know, so theirs is 404 too.
 */
export function sessionOf({ req, caller }: Asked, deps: RemoteDeps): RemoteSession | Refusal | undefined {
  if (req.headers[SESSION_HEADER] === undefined) return undefined;
  return deps.sessions.find(headerOf(req, SESSION_HEADER) ?? '', caller.sub) ?? SESSION_NOT_FOUND;
}

export const SESSION_NOT_FOUND: Refusal = {
  status: 404,
  code: ErrorCode.sessionNotFound,
  message: 'Session not found',
};

/** Which versions there are, the server knows, and tells a client that asks for another; what can be none is not passed on. */
export function checkVersion(req: IncomingMessage): Refusal | undefined {
  const version = headerOf(req, VERSION_HEADER) ?? '';
  if (/^[\w.-]{0,64}$/.test(version)) return undefined;
  return {
    status: 400,
    code: ErrorCode.invalidRequest,
    message: 'MCP-Protocol-Version is not a version of MCP.',
  };
}

/** @returns whose events these are: `event-ids.ts` */
export function scopeOf(caller: CallerContext, session: RemoteSession | undefined): string {
  return JSON.stringify([caller.sub, session?.id ?? '']);
}
