/** One POST and its answer: to a remote server and back. */
import type { ServerResponse } from 'node:http';
import { noPlace, unavailable } from '../proxy/checks.ts';
import { refuse, type Refusal, replyEmpty, replyJson, SESSION_HEADER } from '../proxy/http.ts';
import { ErrorCode, errorText, type RpcId } from '../proxy/messages/json-rpc.ts';
import { EventStreamRewriter } from './answers/event-stream.ts';
import { isWaiting, keepWaiting } from './answers/patience.ts';
import { eventOf, relayAsEvent, relayJson, relayRewritten, relayStream } from './answers/relay.ts';
import { contentOf, discard, isEncoded, refusalOf } from './answers/status.ts';
import { type Asked, type RemoteDeps, scopeOf, SESSION_NOT_FOUND } from './deps.ts';
import type { RemoteSession } from './sessions.ts';
import { visibleText } from './tool-access.ts';
import { UpstreamError, type UpstreamResponse } from './upstream.ts';

/** A POST that goes to the server. */
export interface Call {
  session: RemoteSession | undefined;
  /** It may open a session. */
  opens: boolean;
  /** Of errors about the whole. */
  id: RpcId | null;
  /** The client may be shown that its call is alive before there is an answer to it. */
  canStream: boolean;
  headers: Record<string, string>;
  body: string;
  /** Answers that the server is not asked for. */
  refused: string[];
}

/** Answers the client in every case. */
export async function send(asked: Asked, deps: RemoteDeps, call: Call): Promise<void> {
  const { res, caller } = asked;
  const place = call.opens ? deps.sessions.reserve(caller.sub) : undefined;
  if (typeof place === 'string') return refuse(res, noPlace(place, deps.limits), call.id);
  const admitted = deps.pending.admit(caller.sub, call.session, 'call');
  if ('status' in admitted) {
    place?.();
    return refuse(res, admitted, call.id);
  }
  res.on('close', () => admitted.abort());
  const patience = call.canStream ? keepWaiting(res, deps.limits.keepAliveSeconds) : undefined;
  try {
    await exchange(asked, deps, call, { signal: admitted.signal, answered: () => patience?.stop() });
  } catch (error) {
    fail(asked, deps, call, error);
  } finally {
    patience?.stop();
    place?.();
    admitted.done();
  }
}

interface Waiting {
  signal: AbortSignal;
  /** To be called when the server's answer begins. */
  answered(): void;
}

async function exchange(asked: Asked, deps: RemoteDeps, call: Call, waiting: Waiting): Promise<void> {
  const { res, caller } = asked;
  const { session } = call;
  const upstream = await deps.upstream.send({
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...call.headers,
      ...(session === undefined ? {} : { [SESSION_HEADER]: session.upstreamId }),
    },
    body: call.body,
    signal: waiting.signal,
  });
  waiting.answered();
  if (upstream.statusCode < 200 || upstream.statusCode > 299) {
    const refusal = await refusalOf(upstream, session !== undefined, deps);
    if (refusal === SESSION_NOT_FOUND && session !== undefined) deps.sessions.remove(session);
    return answerRefusal(res, refusal, call.id);
  }
  const opened = call.opens ? openSession(asked, deps, upstream) : undefined;
  const headers = opened === undefined ? {} : { [SESSION_HEADER]: opened.id };
  await relay(asked, deps, { upstream, call, headers, scope: scopeOf(caller, session ?? opened) });
}

/** The server's id of the session that this answer opens becomes one of ours. */
function openSession(
  { caller }: Asked,
  deps: RemoteDeps,
  upstream: UpstreamResponse,
): RemoteSession | undefined {
  const id = upstream.headers[SESSION_HEADER];
  if (id === undefined) return undefined;
  // "The session ID MUST only contain visible ASCII characters" (MCP 2025-11-25, Session Management).
  if (typeof id !== 'string' || !/^[\x21-\x7e]{1,1024}$/.test(id)) {
    discard(upstream);
    throw new UpstreamError(502, 'session id');
  }
  const session = deps.sessions.open(id, caller.sub);
  deps.logger.info({ service: deps.service, user: caller.sub, session: session.id }, 'session opened');
  return session;
}

interface Relayed {
  upstream: UpstreamResponse;
  call: Call;
  headers: Record<string, string>;
  scope: string;
}

async function relay({ res, caller }: Asked, deps: RemoteDeps, relayed: Relayed): Promise<void> {
  const { upstream, call, headers, scope } = relayed;
  const { limits, eventIds } = deps;
  const content = contentOf(upstream);
  if (content === 'other' || isEncoded(upstream)) {
    discard(upstream);
    throw new UpstreamError(502, 'content type');
  }
  const message = (text: string) => visibleText(text, caller.tools);
  if (content === 'none') {
    discard(upstream);
    if (res.headersSent) return void res.end();
    return call.refused.length > 0
      ? replyJson(res, 200, `[${call.refused.join(',')}]`)
      : replyEmpty(res, 202);
  }
  if (content === 'stream') {
    const rewriter = new EventStreamRewriter(
      { id: (id) => eventIds.seal(id, scope), message },
      limits.maxMessageBytes,
    );
    return relayStream(res, upstream.body, { rewriter, headers, limits, first: call.refused });
  }
  if (res.headersSent) return relayAsEvent(res, upstream, message, limits);
  if (caller.tools === undefined) return relayJson(res, upstream, headers, limits);
  return relayRewritten(res, upstream, (text) => withRefused(message(text), call.refused), headers, limits);
}

/** To a batch that lost some of its requests on the way, the answer has their errors, too. */
function withRefused(text: string, refused: string[]): string {
  if (refused.length === 0) return text;
  const answers = text.trim().replace(/^\[|\]$/g, '');
  return `[${[...(answers === '' ? [] : [answers]), ...refused].join(',')}]`;
}

/** @param error an `UpstreamError`, the abort of a client that went away, or what ended the answer early */
function fail({ res, caller }: Asked, deps: RemoteDeps, call: Call, error: unknown): void {
  if (res.destroyed) return;
  const { service, logger, pending } = deps;
  if (pending.closing) return answerRefusal(res, unavailable(503, 'The gateway is shutting down.'), call.id);
  const reason = error instanceof Error ? error.message : String(error);
  logger.warn({ service, user: caller.sub, reason }, 'remote server failed');
  const late = error instanceof UpstreamError && error.status === 504;
  deps.metrics.upstreamFailed(late ? 'late' : 'unreachable');
  const message = late
    ? `The server of '${service}' takes too long.`
    : `The server of '${service}' cannot be reached, or does not answer as a server of MCP.`;
  answerRefusal(res, { status: late ? 504 : 502, code: ErrorCode.server, message }, call.id);
}

/** Where the client only knows yet that its call is alive, the refusal is the stream's one event; an answer that has begun is cut. */
function answerRefusal(res: ServerResponse, refusal: Refusal, id: RpcId | null): void {
  if (!res.headersSent) return refuse(res, refusal, id);
  if (!isWaiting(res)) res.destroy();
  else res.end(eventOf(errorText(id, refusal.code, refusal.message, refusal.data)));
}
