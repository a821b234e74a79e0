/** POST: a client's messages on their way to its session's child. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallerContext } from '../config/context.ts';
import { checkVersion, headerOf, sessionOf, SHUTTING_DOWN, unavailable, type ProxyDeps } from './checks.ts';
import { BATCH_VERSION, refuse, replyEmpty, SESSION_HEADER, type Refusal } from './http.ts';
import type { IncomingBody } from './messages/incoming.ts';
import { ErrorCode, type RpcId } from './messages/json-rpc.ts';
import { readPost, type Posted } from './read-post.ts';
import { openSession } from './session/open-session.ts';
import type { Session } from './session/session.ts';
import { Exchange } from './streams/exchange.ts';

export function handlePost(
  req: IncomingMessage,
  res: ServerResponse,
  caller: CallerContext,
  deps: ProxyDeps,
): void {
  readPost(req, res, caller, deps, (posted) => accept(req, res, posted, deps));
}

function accept(req: IncomingMessage, res: ServerResponse, posted: Posted, deps: ProxyDeps): void {
  const { caller, accepts, parsed } = posted;
  const first = parsed.incoming[0]?.message;
  if (deps.modern.post(req, res, posted)) return;
  const id = first?.kind === 'request' ? first.id : null;
  const sessionId = headerOf(req, SESSION_HEADER);
  const session = sessionOf(sessionId, caller, deps);
  const known = 'status' in session ? undefined : session;
  // Also with the id of a session that is over: clients that are told 404 initialize again and forget to drop it.
  const opens =
    known === undefined && !parsed.batch && first?.kind === 'request' && first.method === 'initialize';
  if (opens) {
    const refusal = checkVersion(req, undefined);
    if (refusal !== undefined) return refuse(res, refusal, id);
    void openSession(res, { caller, accepts, initialize: first }, deps);
    return;
  }
  const refusal =
    checkVersion(req, known) ?? (known === undefined ? undefined : checkMessages(known, parsed, deps));
  if (refusal !== undefined) return refuse(res, refusal, id);
  if ('status' in session) return refuse(res, session, id);
  pass(res, session, posted, deps);
}

function checkMessages(
  session: Session,
  { incoming, batch }: IncomingBody,
  deps: ProxyDeps,
): Refusal | undefined {
  const invalid = (message: string): Refusal => ({ status: 400, code: ErrorCode.invalidRequest, message });
  if (batch && session.protocolVersion !== BATCH_VERSION) {
    return invalid(
      `A batch is only part of ${BATCH_VERSION}; this session is ${session.protocolVersion ?? 'new'}.`,
    );
  }
  const { maxPendingCalls } = deps.limits;
  const seen = new Set<RpcId>();
  for (const { message } of incoming) {
    if (message.kind !== 'request') continue;
    if (message.method === 'initialize') return invalid('The session is initialized already.');
    if (seen.has(message.id) || session.isPending(message.id)) {
      return invalid(`A request with the id ${JSON.stringify(message.id)} is pending already.`);
    }
    seen.add(message.id);
    if (deps.sessions.closing) return SHUTTING_DOWN;
    if (session.pendingCalls + seen.size > maxPendingCalls)
      return unavailable(429, `${maxPendingCalls} requests of this session wait for an answer already.`);
  }
  if (!session.congested && !deps.sessions.areCongested(session)) return undefined;
  return unavailable(503, 'The server does not read what it is sent.');
}

function pass(res: ServerResponse, session: Session, posted: Posted, deps: ProxyDeps): void {
  const { accepts, parsed, caller } = posted;
  const { incoming, batch } = parsed;
  let requests = 0;
  for (const { message } of incoming) if (message.kind === 'request') requests += 1;
  if (requests === 0) {
    session.post(incoming, caller.tools);
    return replyEmpty(res, 202);
  }
  const exchange = new Exchange(res, {
    ...{ requests, batch, accepts, openedAtMs: deps.now(), resumeMs: deps.limits.resumeSeconds * 1000 },
    openStream: (...args) => session.openStream(...args),
    onWrite: () => session.wrote(res),
    onGone: () => session.disconnected(exchange),
  });
  session.post(incoming, caller.tools, exchange);
}
