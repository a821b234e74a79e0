/**
 * A server elsewhere that speaks Streamable HTTP, as a service of the gateway: its own sign-in is the gateway's business,
 * and its messages pass in both eras of the protocol. Who the caller is stays here.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { BodyBudget } from '../net/request-body.ts';
import { Front, methodNotAllowed, type FrontOptions } from '../proxy/front.ts';
import { refuse } from '../proxy/http.ts';
import { createEventIds } from './answers/event-ids.ts';
import type { RemoteDeps } from './deps.ts';
import { DEFAULT_REMOTE_LIMITS, type RemoteLimits } from './limits.ts';
import { Pending } from './pending.ts';
import { handlePost } from './post.ts';
import { RemoteMetrics } from './remote-metrics.ts';
import { RemoteSessions } from './sessions.ts';
import { endUpstream, handleDelete, handleGet } from './stream.ts';
import { createUpstream, type UpstreamTarget } from './upstream.ts';

export type { UpstreamTarget } from './upstream.ts';

export interface RemoteOptions extends FrontOptions {
  target: UpstreamTarget;
  limits?: Partial<RemoteLimits>;
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
  // The server is not asked for its health: that would cost it something, and must not end what still works.
  const front = new Front(options, {
    health: () => ({ closing: pending.closing }),
    refused: (status) => metrics.refused(status),
  });
  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    const caller = front.admit(req, res);
    if (caller === undefined) return;
    const asked = { req, res, caller };
    if (req.method === 'POST') handlePost(asked, deps);
    else if (req.method === 'GET') void handleGet(asked, deps);
    else if (req.method === 'DELETE') handleDelete(asked, deps);
    else refuse(res, METHOD_NOT_ALLOWED);
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

const METHOD_NOT_ALLOWED = methodNotAllowed('GET, POST, DELETE');
