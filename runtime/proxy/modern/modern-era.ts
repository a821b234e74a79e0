/**
 * The era without handshakes (MCP 2026-07-28) in front of a server that knows only handshakes: each request is answered
 * for itself, by a child from the user's pool, or by the one that the process model has.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { CallerContext } from '../../config/context.ts';
import type { Logger } from '../../config/log.ts';
import { refusedTool } from '../../policy/tool-rules.ts';
import { SHUTTING_DOWN, STREAM_REFUSED, unavailable } from '../checks.ts';
import type { ChildCommand } from '../child/child.ts';
import { planClose } from '../child/ending.ts';
import { refuse, replyEmpty, SERVED_VERSIONS, type Refusal } from '../http.ts';
import { sweepMs, type ProxyLimits } from '../limits.ts';
import { ErrorCode, isObject } from '../messages/json-rpc.ts';
import type { Children } from '../models/children.ts';
import type { SharedServers } from '../models/shared/shared-servers.ts';
import { UserOutflows, type OutflowBudget } from '../streams/outflow.ts';
import { unknownToolLine } from '../tool-access.ts';
import { without, type Envelope, type Members } from './envelope/envelope.ts';
import { checkModernPost, isModernPost } from './envelope/incoming-request.ts';
import { badRetry, MAY_ASK } from './envelope/input-requests.ts';
import { Listeners, readFilter } from './listen.ts';
import type { Posted } from '../read-post.ts';
import { invalidParams, ModernCalls, type Asked } from './modern-calls.ts';
import type { Hello } from './places/open-peer.ts';
import type { Places, Use } from './places/places.ts';
import { Pool, type PoolOptions } from './places/pool.ts';
import { type ActiveCall, PooledPeer } from './places/pooled-peer.ts';
import { SharedPlaces } from './places/shared-places.ts';

export interface ModernOptions {
  service: string;
  limits: ProxyLimits;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Whether the server may ask clients for their roots. */
  clientRoots: boolean;
  children: Children;
  /** Of the models in which sessions and requests without one have the same child. */
  servers?: SharedServers | undefined;
  /** One child serves all users: for servers that ask nothing and keep nothing of anybody. */
  shared: boolean;
  outflows: OutflowBudget;
  /** As of `PeerOptions`. */
  serialCalls?: boolean | undefined;
  /** What to start for a caller. */
  command: (caller: CallerContext) => ChildCommand | Promise<ChildCommand>;
}

/** Uses a child without being asked anything. */
const NO_CALL: ActiveCall = { asked: () => false, told: () => undefined };
const POLL_MS = 20;

export class ModernEra {
  readonly #options: ModernOptions;
  readonly #places: Places;
  readonly #listeners: Listeners;
  readonly #calls: ModernCalls;
  readonly #timers: NodeJS.Timeout[];
  #closing = false;

  constructor(options: ModernOptions) {
    this.#options = options;
    const { limits, now, children } = options;
    const outflows = new UserOutflows({
      ...{ budget: options.outflows, maxBufferedBytes: limits.maxBufferedBytes },
      stallMs: limits.stallSeconds * 1000,
    });
    this.#listeners = new Listeners(limits, now, outflows);
    this.#places = placesOf(options, this.#listeners);
    this.#calls = new ModernCalls({ ...options, era: children.era, places: this.#places, outflows });
    const { sessionIdleSeconds } = limits;
    const keepAliveMs = limits.keepAliveSeconds * 1000;
    this.#timers = [
      setInterval(() => this.#places.sweep(sessionIdleSeconds * 1000), sweepMs(sessionIdleSeconds)).unref(),
      setInterval(() => this.#keepAlive(keepAliveMs), keepAliveMs).unref(),
    ];
  }

  /** Answers a POST of this era. @returns false when it is none */
  post(req: IncomingMessage, res: ServerResponse, post: Posted): boolean {
    if (!isModernPost(req, post.parsed)) return false;
    const checked = checkModernPost(req, post.parsed);
    const first = post.parsed.incoming[0]?.message;
    const id = first?.kind === 'request' ? first.id : null;
    // Nothing that a client tells on its own belongs to a call: it ends one by closing its stream.
    if (checked === 'notification') replyEmpty(res, 202);
    else if ('status' in checked) refuse(res, checked, id);
    else if (this.#closing) refuse(res, SHUTTING_DOWN, id);
    else
      this.#serve(req, res, { ...post, ...checked })?.catch((error: unknown) => {
        const { service, logger } = this.#options;
        logger.error({ service, user: post.caller.sub, reason: String(error) }, 'request failed');
        const message = 'The request could not be handled.';
        refuse(res, { status: 500, code: ErrorCode.internal, message }, id);
      });
    return true;
  }

  /** As `Proxy.close`. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    this.#places.refuseNew();
    for (const timer of this.#timers) clearInterval(timer);
    this.#listeners.close();
    const { callsMs, graces } = planClose(graceMs, this.#options.limits);
    for (let waited = 0; waited < callsMs && this.#calls.waiting > 0; waited += POLL_MS) await delay(POLL_MS);
    this.#calls.end('The proxy is shutting down.');
    await this.#places.close(graces);
  }

  #serve(req: IncomingMessage, res: ServerResponse, post: Asked): void | Promise<void> {
    const { request, caller } = post;
    switch (request.method) {
      case 'server/discover':
        return this.#discover(res, post);
      case 'subscriptions/listen':
        return this.#listen(res, post);
    }
    if (refusedTool(request.method, request.params, caller.tools) !== undefined)
      return void this.#calls.replyTo(res, post).answer(unknownToolLine(request));
    if (!MAY_ASK.has(request.method)) return this.#calls.call(req, res, post);
    const bad = badRetry(request);
    if (bad !== undefined) return refuse(res, invalidParams(bad), request.id);
    // A child of the era has made the state itself.
    return request.params?.['requestState'] === undefined || this.#options.children.era.modern !== false
      ? this.#calls.call(req, res, post)
      : this.#calls.resume(res, post);
  }

  async #discover(res: ServerResponse, post: Asked): Promise<void> {
    const { request } = post;
    const pooled = await this.#join(post, NO_CALL, 'any');
    if (!(pooled instanceof PooledPeer)) return refuse(res, pooled, request.id);
    const result = discoverResult(pooled.hello);
    this.#calls.replyTo(res, post).answer(Buffer.from(pooled.results.text(request.id, result)));
  }

  async #listen(res: ServerResponse, post: Asked): Promise<void> {
    const { request, accepts, caller } = post;
    if (!accepts.stream) return refuse(res, STREAM_REFUSED, request.id);
    const filter = readFilter(request);
    if ('status' in filter) return refuse(res, filter, request.id);
    if (!this.#listeners.admit(caller.sub, res))
      return refuse(res, unavailable(429, 'You have too many streams open; close one.'), request.id);
    const pooled = await this.#join(post, NO_CALL, 'any');
    if (!(pooled instanceof PooledPeer)) return refuse(res, pooled, request.id);
    const asked = { request, user: caller.sub };
    if (pooled.hello.modern) this.#listeners.pass(res, asked, pooled);
    else await this.#listeners.listen(res, asked, pooled, filter);
  }

  #join(
    post: { caller: CallerContext; envelope: Envelope },
    call: ActiveCall,
    use: Use,
  ): PooledPeer | Promise<PooledPeer | Refusal> {
    return this.#places.join(post.caller, this.#calls.capabilities(post.envelope), call, use);
  }

  #keepAlive(intervalMs: number): void {
    this.#calls.keepAlive(this.#options.now() - intervalMs);
    this.#listeners.keepAlive();
  }
}

function placesOf(options: ModernOptions, listeners: Listeners): Places {
  const { servers, children } = options;
  const common: PoolOptions = {
    ...options,
    onChange: (owner, message) => listeners.publish(owner, message),
    onGone: (pooled) => listeners.gone(pooled),
  };
  const pool = new Pool(common);
  return servers === undefined ? pool : new SharedPlaces({ ...common, servers, pool, era: children.era });
}

/** Every version that is served is one that a client may choose. */
function discoverResult({ modern, said }: Hello): Members {
  if (modern) return { ...said, supportedVersions: SERVED_VERSIONS };
  const { capabilities, instructions } = said;
  return {
    resultType: 'complete',
    supportedVersions: SERVED_VERSIONS,
    capabilities: isObject(capabilities) ? without(capabilities, 'tasks') : {},
    ...(instructions === undefined ? {} : { instructions }),
    ttlMs: 0,
    cacheScope: 'private',
  };
}
