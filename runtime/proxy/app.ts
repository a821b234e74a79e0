/**
 * The proxy: Streamable HTTP (MCP 2025-03-26 to 2026-07-28) in front of an unmodified stdio server: one child for each
 * session and a few for each user's requests without one, or one for all that a user does, or for everybody. A plain
 * `node:http` listener: on the way of a call its text is parsed and written anew, and its answer is parsed and passed on as
 * it is.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ProcessModel } from '../config/catalog.ts';
import type { CallerContext } from '../config/context.ts';
import { BodyBudget } from '../net/request-body.ts';
import { checkVersion, headerOf, sessionOf, STREAM_REFUSED, type ProxyDeps } from './checks.ts';
import type { ChildCommand, Spawn } from './child/child.ts';
import { Front, methodNotAllowed, type FrontOptions } from './front.ts';
import { LAST_EVENT_HEADER, parseAccept, refuse, replyEmpty, SESSION_HEADER } from './http.ts';
import { DEFAULT_LIMITS, type ProxyLimits } from './limits.ts';
import { Children, type ChildrenStats } from './models/children.ts';
import { SharedServers } from './models/shared/shared-servers.ts';
import { isModernHeader } from './modern/envelope/incoming-request.ts';
import { ModernEra } from './modern/modern-era.ts';
import { handlePost } from './post.ts';
import { ProxyMetrics } from './proxy-metrics.ts';
import { Sessions } from './session/sessions.ts';
import { OutflowBudget } from './streams/outflow.ts';

export type { ChildCommand } from './child/child.ts';
export type { ProxyLimits } from './limits.ts';

export interface ProxyOptions extends FrontOptions {
  /** What to start for a caller; called once for each session. May be async (to make the user's data folder, say). */
  command: (caller: CallerContext) => ChildCommand | Promise<ChildCommand>;
  limits?: Partial<ProxyLimits>;
  /** Whether the server may ask clients for their roots; false unless told (`client-roots.ts` says why). */
  clientRoots?: boolean;
  /** Spare children for each command; none unless told. */
  spares?: number;
  /** Whether a child is one user's even where two users' commands are the same; true unless told. */
  perUser?: boolean;
  /** How many children there are: one for each session (unless told otherwise), for each user, or for all. */
  process?: ProcessModel;
  /** Tools are called one after the other in a child that many share: for a server that loses what it is told at once. */
  serialCalls?: boolean;
  spawn?: Spawn;
}

export interface Proxy {
  /** Serves `/mcp`, `/mcp/` and `GET /health`; everything else is 404. */
  handle(req: IncomingMessage, res: ServerResponse): void;
  /** `children` counts those whose session has ended but that are not gone yet, too, and no spares. */
  stats(): { sessions: number; children: number };
  childStats(): ChildrenStats;
  /** @returns Prometheus' text format 0.0.4 */
  metrics(): string;
  /**
   * Refuses new sessions and calls, lets pending calls finish for half of the time, then ends all children.
   * @param graceMs by when all is over, in milliseconds; 5000 unless told
   */
  close(graceMs?: number): Promise<void>;
}

const DEFAULT_CLOSE_MS = 5000;

export function createProxy(options: ProxyOptions): Proxy {
  const { service, logger } = options;
  const now = options.now ?? Date.now;
  const limits = limitsOf(options);
  const clientRoots = options.clientRoots ?? false;
  const { spawn, perUser = true, process: model = 'session' } = options;
  // A child that takes all of a user's sessions is started once: a spare helps only where the next user's is the same.
  const spares = model === 'session' || (model === 'user' && !perUser) ? (options.spares ?? 0) : 0;
  const children = new Children({ service, limits, spares, perUser, logger, now, spawn });
  const outflows = new OutflowBudget(limits.maxBufferedBytes);
  const { serialCalls } = options;
  const common = { service, limits, clientRoots, logger, now, outflows, serialCalls };
  const servers = model === 'session' ? undefined : new SharedServers({ ...common, children, model });
  const sessions = new Sessions({ ...common, children: servers ?? children, started: children });
  const { command } = options;
  const modern = new ModernEra({ ...common, children, servers, command, shared: model === 'shared' });
  const bodies = new BodyBudget(limits.maxMessageBytes);
  const metrics = new ProxyMetrics();
  const deps: ProxyDeps = { ...common, sessions, modern, bodies, metrics, command };

  const front = new Front(options, {
    health: () => ({ closing: sessions.closing, problem: children.problem }),
    refused: (status) => metrics.refused(status),
  });
  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    const caller = front.admit(req, res);
    if (caller === undefined) return;
    if (req.method !== 'POST' && isModernHeader(req)) return refuse(res, POST_ONLY);
    if (req.method === 'POST') handlePost(req, res, caller, deps);
    else if (req.method === 'GET') openStream(req, res, caller, deps);
    else if (req.method === 'DELETE') endSession(req, res, caller, deps);
    else refuse(res, METHOD_NOT_ALLOWED);
  };
  return {
    handle,
    stats: () => sessions.stats(),
    childStats: () => children.stats(),
    metrics: () => {
      const { sessions: open } = sessions.stats();
      const ready = children.problem === undefined;
      return metrics.text({
        sessions: open,
        streams: sessions.openStreams,
        children: children.stats(),
        ready,
      });
    },
    close: async (graceMs = DEFAULT_CLOSE_MS) => {
      await Promise.all([sessions.close(graceMs), modern.close(graceMs)]);
    },
  };
}

/** In `session` mode, each session that is allowed may have its child unless told otherwise. */
function limitsOf({ limits }: ProxyOptions): ProxyLimits {
  const all = { ...DEFAULT_LIMITS, ...limits };
  return {
    ...all,
    maxChildren: limits?.maxChildren ?? Math.max(all.maxChildren, all.maxSessions),
    maxChildrenPerUser:
      limits?.maxChildrenPerUser ?? Math.max(all.maxChildrenPerUser, all.maxSessionsPerUser),
  };
}

const METHOD_NOT_ALLOWED = methodNotAllowed('GET, POST, DELETE');
/** The era without handshakes has no streams of their own and no sessions. */
const POST_ONLY = methodNotAllowed('POST');

/** GET: a stream for what the server says on its own. */
function openStream(req: IncomingMessage, res: ServerResponse, caller: CallerContext, deps: ProxyDeps): void {
  if (!parseAccept(req.headers.accept).stream) return refuse(res, STREAM_REFUSED);
  const session = sessionOf(headerOf(req, SESSION_HEADER), caller, deps);
  const refusal = checkVersion(req, 'status' in session ? undefined : session) ?? session;
  if ('status' in refusal) return refuse(res, refusal);
  if (!refusal.listen(res, headerOf(req, LAST_EVENT_HEADER))) refuse(res, STREAM_COMPLETE);
}

/**
 * "The server MUST either return text/event-stream or else 405": what makes clients stop that come back for the rest of a
 * stream that ended without the result that they wait for, with an error, say.
 */
const STREAM_COMPLETE = {
  ...METHOD_NOT_ALLOWED,
  message: 'The stream of this event has ended; nothing came after it.',
};

/** DELETE: the client is done, so the child ends at once. */
function endSession(req: IncomingMessage, res: ServerResponse, caller: CallerContext, deps: ProxyDeps): void {
  const session = sessionOf(headerOf(req, SESSION_HEADER), caller, deps);
  const refusal = checkVersion(req, 'status' in session ? undefined : session) ?? session;
  if ('status' in refusal) return refuse(res, refusal);
  void refusal.end('The client ended the session.');
  replyEmpty(res, 204);
}
