/**
 * A server elsewhere that speaks Streamable HTTP, as a service of the gateway: its own sign-in is the gateway's business,
 * and its messages pass in both eras of the protocol. Who the caller is stays here.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { CONTEXT_HEADER } from '../config/context.ts';
import type { Logger } from '../config/log.ts';
import { BodyBudget } from '../net/request-body.ts';
import { CallerVerifier } from '../proxy/caller.ts';
import { refuse, replyJson } from '../proxy/http.ts';
import { ErrorCode } from '../proxy/messages/json-rpc.ts';
import type { RemoteDeps } from './deps.ts';
import { createEventIds } from './answers/event-ids.ts';
import { DEFAULT_REMOTE_LIMITS, type RemoteLimits } from './limits.ts';
import { Pending } from './pending.ts';
import { handlePost } from './post.ts';
import { RemoteMetrics } from './remote-metrics.ts';
import { RemoteSessions } from './sessions.ts';
import { endUpstream, handleDelete, handleGet } from './stream.ts';
import { createUpstream, type UpstreamTarget } from './upstream.ts';

export type { UpstreamTarget } from './upstream.ts';

export interface RemoteOptions {
  /** The service's name in the catalog; contexts made for another one are refused. */
  service: string;
  target: UpstreamTarget;
  /** Verifies `X-Mcpgw-Context`. */
  contextKey: Uint8Array;
  /** Values of `Origin` that may call; `*` among them means any. A request without `Origin` is no browser's. */
  allowedOrigins: string[];
  limits?: Partial<RemoteLimits>;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** PEM of a further authority, for tests. */
  ca?: string;
}

export interface Remote {
  /** Serves `/mcp`, `/mcp/` and `GET /health`; everything else is 404. */
  handle(req: IncomingMessage, res: ServerResponse): void;
  stats(): { sessions: number; children: number };
  /** @returns Prometheus' text format 0.0.4 */
  metrics(): string;
  /**
   * Refuses what is new, lets calls finish for half of the time, then ends streams and sessions.
   * @param graceMs by when all is over, in milliseconds; 5000 unless told
   */
  close(graceMs?: number): Promise<void>;
}

const DEFAULT_CLOSE_MS = 5_000;
const POLL_MS = 20;

export function createRemote(options: RemoteOptions): Remote {
  const { service, logger } = options;
  const now = options.now ?? Date.now;
  const limits = { ...DEFAULT_REMOTE_LIMITS, ...options.limits };
  const upstream = createUpstream(options.target, limits, options.ca);
  const sessions = new RemoteSessions({
    limits,
    now,
    onExpired: (session) => void endUpstream(session, { upstream, service, logger }),
  });
  const pending = new Pending(limits, now);
  const bodies = new BodyBudget(limits.maxMessageBytes);
  const metrics = new RemoteMetrics();
  const deps: RemoteDeps = {
    ...{ service, limits, logger, now, upstream, sessions, pending, bodies, metrics },
    eventIds: createEventIds(),
  };
  const callers = new CallerVerifier(options.contextKey, service, now);
  const origins = new Set(options.allowedOrigins);

  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    const path = (req.url ?? '/').split('?', 1)[0];
    if (path === '/health') return health(req, res, pending.closing);
    if (path !== '/mcp' && path !== '/mcp/') return replyJson(res, 404, '{"error":"not_found"}');
    const { origin } = req.headers;
    if (origin !== undefined && !origins.has(origin) && !origins.has('*')) {
      metrics.refused(403);
      const message = `The origin ${origin} may not call this server.`;
      return refuse(res, { status: 403, code: ErrorCode.server, message });
    }
    const caller = callers.verify(req.headers[CONTEXT_HEADER]);
    if (caller === undefined) {
      metrics.refused(401);
      return replyJson(res, 401, UNAUTHORIZED);
    }
    const asked = { req, res, caller };
    if (req.method === 'POST') handlePost(asked, deps);
    else if (req.method === 'GET') void handleGet(asked, deps);
    else if (req.method === 'DELETE') handleDelete(asked, deps);
    else refuse(res, { ...METHOD_NOT_ALLOWED, headers: { allow: 'GET, POST, DELETE' } });
  };
  return {
    handle,
    stats: () => ({ sessions: sessions.size, children: 0 }),
    metrics: () => metrics.text({ sessions: sessions.size, streams: pending.streams }),
    close: async (graceMs = DEFAULT_CLOSE_MS) => {
      pending.close();
      for (let waited = 0; pending.size > 0 && waited < graceMs / 2; waited += POLL_MS) await delay(POLL_MS);
      pending.abortAll();
      const open = sessions.all();
      sessions.close();
      await Promise.all(open.map((session) => endUpstream(session, deps, graceMs / 4)));
      await upstream.close();
    },
  };
}

const UNAUTHORIZED = JSON.stringify({
  error: 'invalid_token',
  error_description:
    'The signed caller context is missing or not valid: requests must come through the gateway.',
});

const METHOD_NOT_ALLOWED = { status: 405, code: ErrorCode.server, message: 'Method not allowed.' };

/** Whether the gateway's side is there. The server is not asked: a probe must cost nothing, nor end what still works. */
function health(req: IncomingMessage, res: ServerResponse, closing: boolean): void {
  if (req.method !== 'GET' && req.method !== 'HEAD')
    return refuse(res, { ...METHOD_NOT_ALLOWED, headers: { allow: 'GET' } });
  const body = { status: closing ? 'draining' : 'ok', live: true, ready: !closing };
  replyJson(res, closing ? 503 : 200, JSON.stringify(body), { 'cache-control': 'no-store' });
}
