/** GET: a stream for what the server says on its own, or what a client lost of an earlier one; DELETE: a session's end. */
import { headerOf, STREAM_REFUSED } from '../proxy/checks.ts';
import { LAST_EVENT_HEADER, parseAccept, refuse, replyEmpty, SESSION_HEADER } from '../proxy/http.ts';
import { ErrorCode } from '../proxy/messages/json-rpc.ts';
import { EventStreamRewriter } from './answers/event-stream.ts';
import { relayStream } from './answers/relay.ts';
import { contentOf, discard, isEncoded, refusalOf } from './answers/status.ts';
import { type Asked, checkVersion, type RemoteDeps, scopeOf, SESSION_NOT_FOUND, sessionOf } from './deps.ts';
import { forwardedHeaders } from './forwarded-headers.ts';
import type { Admitted } from './pending.ts';
import type { RemoteSession } from './sessions.ts';
import { visibleText } from './tool-access.ts';
import { UpstreamError } from './upstream.ts';

export async function handleGet(asked: Asked, deps: RemoteDeps): Promise<void> {
  const { req, res, caller } = asked;
  if (!parseAccept(req.headers.accept).stream) return refuse(res, STREAM_REFUSED);
  const session = sessionOf(asked, deps);
  const refusal = checkVersion(req) ?? (session !== undefined && 'status' in session ? session : undefined);
  if (refusal !== undefined || (session !== undefined && 'status' in session))
    return refuse(res, refusal ?? SESSION_NOT_FOUND);
  const scope = scopeOf(caller, session);
  const last = lastEvent(headerOf(req, LAST_EVENT_HEADER), scope, deps);
  if (last === null)
    return refuse(res, {
      status: 400,
      code: ErrorCode.invalidRequest,
      message: 'Last-Event-ID is not an event of this session.',
    });
  const admitted = deps.pending.admit(caller.sub, session, 'stream');
  if ('status' in admitted) return refuse(res, admitted);
  res.on('close', () => admitted.abort());
  let old = false;
  const timer = setTimeout(() => {
    old = true;
    admitted.abort();
  }, deps.limits.maxStreamSeconds * 1000);
  try {
    await stream(asked, deps, { session, scope, last, admitted });
  } catch (error) {
    // A client that reads on comes again with a token that holds.
    if (old && res.headersSent && !res.destroyed) res.end();
    else fail(asked, deps, error);
  } finally {
    clearTimeout(timer);
    admitted.done();
  }
}

/** @returns undefined where there is none, null where it is not this caller's */
function lastEvent(
  header: string | undefined,
  scope: string,
  { eventIds }: RemoteDeps,
): string | undefined | null {
  return header === undefined || header === '' ? undefined : (eventIds.open(header, scope) ?? null);
}

interface Listening {
  session: RemoteSession | undefined;
  scope: string;
  last: string | undefined;
  admitted: Admitted;
}

async function stream({ req, res, caller }: Asked, deps: RemoteDeps, listening: Listening): Promise<void> {
  const { session, scope, last, admitted } = listening;
  const { limits, eventIds } = deps;
  const upstream = await deps.upstream.send({
    method: 'GET',
    headers: {
      ...forwardedHeaders(req.headers, { json: false, stream: true }, undefined),
      ...(session === undefined ? {} : { [SESSION_HEADER]: session.upstreamId }),
      ...(last === undefined ? {} : { [LAST_EVENT_HEADER]: last }),
    },
    signal: admitted.signal,
  });
  if (upstream.statusCode !== 200) {
    const refusal = await refusalOf(upstream, session !== undefined, deps);
    if (refusal === SESSION_NOT_FOUND && session !== undefined) deps.sessions.remove(session);
    return refuse(res, refusal);
  }
  if (contentOf(upstream) !== 'stream' || isEncoded(upstream)) {
    discard(upstream);
    throw new UpstreamError(502, 'content type');
  }
  const rewrite = {
    id: (id: string) => eventIds.seal(id, scope),
    message: (text: string) => visibleText(text, caller.tools),
  };
  const rewriter = new EventStreamRewriter(rewrite, limits.maxMessageBytes);
  await relayStream(res, upstream.body, { rewriter, headers: {}, limits, first: [] });
}

/** The session is over for its client, whatever the server says to it. */
export function handleDelete(asked: Asked, deps: RemoteDeps): void {
  const { req, res } = asked;
  const session = sessionOf(asked, deps);
  if (session === undefined)
    return refuse(res, { status: 400, code: ErrorCode.server, message: 'Mcp-Session-Id is required.' });
  const refusal = checkVersion(req) ?? session;
  if ('status' in refusal) return refuse(res, refusal);
  deps.sessions.remove(refusal);
  void endUpstream(refusal, deps);
  replyEmpty(res, 204);
}

const END_TIMEOUT_MS = 5_000;

/** Tells the server that it need not keep the session; it may not want to know. */
export async function endUpstream(
  { upstreamId }: RemoteSession,
  { upstream, service, logger }: Pick<RemoteDeps, 'upstream' | 'service' | 'logger'>,
  timeoutMs = END_TIMEOUT_MS,
): Promise<void> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    discard(await upstream.send({ method: 'DELETE', headers: { [SESSION_HEADER]: upstreamId }, signal }));
  } catch (error) {
    logger.debug(
      { service, reason: (error as Error).message },
      'remote server was not told of the end of a session',
    );
  }
}

function fail({ res, caller }: Asked, { service, logger, metrics }: RemoteDeps, error: unknown): void {
  if (res.destroyed) return;
  logger.warn({ service, user: caller.sub, reason: (error as Error).message }, 'remote server failed');
  const status = error instanceof UpstreamError ? error.status : 502;
  if (res.headersSent) {
    res.destroy();
    return;
  }
  metrics.upstreamFailed(status === 504 ? 'late' : 'unreachable');
  refuse(res, { status, code: ErrorCode.server, message: `The server of '${service}' opens no stream.` });
}
