/** POST: a client's messages on their way to a remote server, and the answer on its way back. */
import { readBody, type BodyRefusal } from '../proxy/body.ts';
import {
  type Accepts,
  isJson,
  parseAccept,
  refuse,
  type Refusal,
  replyEmpty,
  replyJson,
  SESSION_HEADER,
} from '../proxy/http.ts';
import { type IncomingBody, parseBody } from '../proxy/incoming.ts';
import { ErrorCode, type RpcId, type RpcMessage } from '../proxy/json-rpc.ts';
import { contentOf, discard, isEncoded, refusalOf } from './answer.ts';
import {
  type Asked,
  checkVersion,
  type RemoteDeps,
  scopeOf,
  SESSION_NOT_FOUND,
  sessionOf,
  unavailable,
} from './deps.ts';
import { EventStreamRewriter } from './event-stream.ts';
import { forwardedHeaders, headerMismatch } from './forwarded-headers.ts';
import type { Admitted } from './pending.ts';
import { relayJson, relayRewritten, relayStream } from './relay.ts';
import type { RemoteSession } from './sessions.ts';
import { sortByRules, visibleText } from './tool-access.ts';
import { UpstreamError, type UpstreamResponse } from './upstream.ts';

export function handlePost(asked: Asked, deps: RemoteDeps): void {
  const { req, res, caller } = asked;
  if (!isJson(req.headers['content-type']))
    return refuse(res, {
      status: 415,
      code: ErrorCode.server,
      message: 'Content-Type must be application/json.',
    });
  const accepts = parseAccept(req.headers.accept);
  if (!accepts.json && !accepts.stream) {
    const message = 'Accept must allow application/json and text/event-stream.';
    return refuse(res, { status: 406, code: ErrorCode.server, message });
  }
  const options = { maxBytes: deps.limits.maxMessageBytes, budget: deps.bodies, user: caller.sub };
  readBody(req, options, (body) => {
    if (typeof body === 'string') return refuse(res, bodyRefusal(body, deps));
    const parsed = parseBody(body);
    if ('status' in parsed) return refuse(res, parsed);
    accept(asked, { accepts, parsed }, deps);
  });
}

function bodyRefusal(why: BodyRefusal, { limits }: RemoteDeps): Refusal {
  switch (why) {
    case 'too-long': {
      const message = `The message is longer than ${limits.maxMessageBytes} bytes.`;
      return { status: 413, code: ErrorCode.invalidRequest, message };
    }
    case 'busy':
      return unavailable(503, 'Too many messages are being received; try again later.');
    case 'user-busy':
      return unavailable(429, 'You are sending too much at once; let some of it finish.');
  }
}

interface Read {
  accepts: Accepts;
  parsed: IncomingBody;
}

/** A POST that goes to the server. */
interface Call {
  session: RemoteSession | undefined;
  /** It may open a session. */
  opens: boolean;
  /** The only message of the body. */
  single: RpcMessage | undefined;
  /** Of errors about the whole. */
  id: RpcId | null;
  headers: Record<string, string>;
  body: string;
  /** Answers that the server is not asked for. */
  refused: string[];
}

function accept(asked: Asked, { accepts, parsed }: Read, deps: RemoteDeps): void {
  const { req, res, caller } = asked;
  const { incoming, batch } = parsed;
  const single = batch ? undefined : incoming[0]?.message;
  const id = single?.kind === 'request' ? single.id : null;
  const found = sessionOf(asked, deps);
  // Also with the id of a session that is over: clients that are told 404 initialize again and forget to drop it.
  const isHandshake = single?.kind === 'request' && single.method === 'initialize';
  const known = found !== undefined && !('status' in found) ? found : undefined;
  const refusal =
    checkVersion(req) ??
    (single === undefined ? undefined : headerMismatch(req.headers, single)) ??
    (found !== undefined && 'status' in found && !isHandshake ? found : undefined);
  if (refusal !== undefined) return refuse(res, refusal, id);
  const { passed, refused } = sortByRules(incoming, caller.tools);
  if (passed.length === 0) return answerRefused(asked, refused, batch);
  const texts = passed.map(({ line }) => line.toString('utf8').trimEnd());
  void send(asked, deps, {
    session: known,
    opens: isHandshake && known === undefined,
    single,
    id,
    headers: forwardedHeaders(req.headers, accepts, single),
    body: batch ? `[${texts.join(',')}]` : (texts[0] ?? ''),
    refused,
  });
}

function answerRefused({ res }: Asked, refused: string[], batch: boolean): void {
  if (refused.length === 0) return replyEmpty(res, 202);
  replyJson(res, 200, batch ? `[${refused.join(',')}]` : (refused[0] ?? ''));
}

async function send(asked: Asked, deps: RemoteDeps, call: Call): Promise<void> {
  const { res, caller } = asked;
  const place = call.opens ? deps.sessions.reserve(caller.sub) : undefined;
  if (typeof place === 'string') return refuse(res, placeRefusal(place, deps), call.id);
  const admitted = deps.pending.admit(caller.sub, call.session, 'call');
  if ('status' in admitted) {
    place?.();
    return refuse(res, admitted, call.id);
  }
  res.on('close', () => admitted.abort());
  try {
    await exchange(asked, deps, call, admitted);
  } catch (error) {
    fail(asked, deps, call, error);
  } finally {
    place?.();
    admitted.done();
  }
}

function placeRefusal(place: 'full' | 'user-full', { limits }: RemoteDeps): Refusal {
  return place === 'full'
    ? unavailable(503, `All ${limits.maxSessions} sessions are in use; try again later.`)
    : unavailable(429, `You have ${limits.maxSessionsPerUser} sessions open; end one or let one expire.`);
}

async function exchange(asked: Asked, deps: RemoteDeps, call: Call, { signal }: Admitted): Promise<void> {
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
    signal,
  });
  if (upstream.statusCode < 200 || upstream.statusCode > 299) {
    const refusal = await refusalOf(upstream, session !== undefined, deps);
    if (refusal === SESSION_NOT_FOUND && session !== undefined) deps.sessions.remove(session);
    return refuse(res, refusal, call.id);
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
function fail({ res, caller }: Asked, { service, logger }: RemoteDeps, call: Call, error: unknown): void {
  if (res.destroyed) return;
  const reason = error instanceof Error ? error.message : String(error);
  logger.warn({ service, user: caller.sub, reason }, 'remote server failed');
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const late = error instanceof UpstreamError && error.status === 504;
  const message = late
    ? `The server of '${service}' takes too long.`
    : `The server of '${service}' cannot be reached, or does not answer as a server of MCP.`;
  refuse(res, { status: late ? 504 : 502, code: ErrorCode.server, message }, call.id);
}
