/**
 * The era without handshakes (MCP 2026-07-28) in front of a server that knows only handshakes: each request is answered
 * for itself, by a child from the user's pool, or by the one that the process model has.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallerContext } from '../../config/context.ts';
import type { Logger } from '../../config/log.ts';
import { refusedTool } from '../../policy/tool-rules.ts';
import type { ChildCommand } from '../child.ts';
import { plainText } from '../exact-json.ts';
import { SHUTTING_DOWN, unavailable } from '../checks.ts';
import { refuse, replyEmpty, SERVED_VERSIONS, type Accepts, type Refusal } from '../http.ts';
import type { IncomingBody } from '../incoming.ts';
import { ErrorCode, isObject, type RpcRequest } from '../json-rpc.ts';
import type { ProxyLimits } from '../limits.ts';
import type { Children } from '../models/children.ts';
import type { SharedServers } from '../models/shared/shared-servers.ts';
import { UserOutflows, type OutflowBudget } from '../outflow.ts';
import { ShortLivedMap } from '../short-lived.ts';
import { unknownToolLine } from '../tool-access.ts';
import { ModernCall, type Round } from './call.ts';
import { without, type Envelope, type Members } from './envelope.ts';
import { checkModernPost, isModernPost } from './incoming-request.ts';
import { badRetry, canBeAsked, childCapabilities, MAY_ASK, withoutClientRoots } from './input-requests.ts';
import { Listeners, readFilter } from './listen.ts';
import { ParkedCalls } from './parked-calls.ts';
import type { Hello } from './places/open-peer.ts';
import { PassedCall } from './passed-call.ts';
import type { Places, Use } from './places/places.ts';
import { Pool, type PoolOptions } from './places/pool.ts';
import { SharedPlaces } from './places/shared-places.ts';
import { Reply } from './reply.ts';
import { type ActiveCall, PooledPeer } from './places/pooled-peer.ts';
import { setTimeout as delay } from 'node:timers/promises';

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
  /** What to start for a caller. */
  command: (caller: CallerContext) => ChildCommand | Promise<ChildCommand>;
}

interface Post {
  caller: CallerContext;
  accepts: Accepts;
  parsed: IncomingBody;
}

/** A post that has been found to be a request. */
interface Asked extends Post {
  request: RpcRequest;
  envelope: Envelope;
}

/** Uses a child without being asked anything. */
const NO_CALL: ActiveCall = { asked: () => false, told: () => undefined };
const POLL_MS = 20;
/** Kept of the time that `close` has, for the children's own end. */
const END_SHARE = 0.5;

export class ModernEra {
  readonly #options: ModernOptions;
  readonly #places: Places;
  readonly #listeners: Listeners;
  readonly #parked: ParkedCalls;
  readonly #outflows: UserOutflows;
  /** Rounds that have not been answered yet. */
  readonly #replies = new ShortLivedMap<number, Reply>();
  #rounds = 0;
  readonly #timers: NodeJS.Timeout[];
  #closing = false;

  constructor(options: ModernOptions) {
    this.#options = options;
    const { limits, now, service } = options;
    this.#outflows = new UserOutflows({
      ...{ budget: options.outflows, maxBufferedBytes: limits.maxBufferedBytes },
      stallMs: limits.stallSeconds * 1000,
    });
    this.#listeners = new Listeners(limits, now, this.#outflows);
    this.#parked = new ParkedCalls(service, limits.parkedCallSeconds);
    this.#places = placesOf(options, this.#listeners);
    const idleMs = limits.sessionIdleSeconds * 1000;
    const keepAliveMs = limits.keepAliveSeconds * 1000;
    this.#timers = [
      setInterval(() => this.#places.sweep(idleMs), Math.min(10_000, Math.max(50, idleMs / 4))).unref(),
      setInterval(() => this.#keepAlive(keepAliveMs), keepAliveMs).unref(),
    ];
  }

  stats(): { children: number; parkedCalls: number; listeners: number } {
    return {
      children: this.#places.children,
      parkedCalls: this.#parked.size,
      listeners: this.#listeners.size,
    };
  }

  /** Answers a POST of this era. @returns false when it is none */
  post(req: IncomingMessage, res: ServerResponse, post: Post): boolean {
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
    const forChildrenMs = graceMs * END_SHARE;
    for (let waited = 0; waited < graceMs - forChildrenMs && this.#replies.size > 0; waited += POLL_MS)
      await delay(POLL_MS);
    this.#parked.end('The proxy is shutting down.');
    const { stdinGraceMs, termGraceMs } = this.#options.limits;
    await this.#places.close({
      stdinGraceMs: Math.min(stdinGraceMs, forChildrenMs * 0.3),
      termGraceMs: Math.min(termGraceMs, forChildrenMs * 0.5),
    });
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
      return void this.#replyTo(res, post).answer(unknownToolLine(request));
    if (!MAY_ASK.has(request.method)) return this.#call(req, res, post);
    const bad = badRetry(request);
    if (bad !== undefined) return refuse(res, invalidParams(bad), request.id);
    // A child of the era has made the state itself.
    return request.params?.['requestState'] === undefined || this.#options.children.era.modern !== false
      ? this.#call(req, res, post)
      : this.#resume(res, post);
  }

  async #discover(res: ServerResponse, post: Asked): Promise<void> {
    const { request } = post;
    const pooled = await this.#join(post, NO_CALL, 'any');
    if (!(pooled instanceof PooledPeer)) return refuse(res, pooled, request.id);
    const result = discoverResult(pooled.hello);
    this.#replyTo(res, post).answer(Buffer.from(pooled.results.text(request.id, result)));
  }

  async #listen(res: ServerResponse, post: Asked): Promise<void> {
    const { request, accepts, caller } = post;
    if (!accepts.stream) {
      const message = 'Accept must allow text/event-stream.';
      return refuse(res, { status: 406, code: ErrorCode.server, message }, request.id);
    }
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

  #call(req: IncomingMessage, res: ServerResponse, post: Asked): void | Promise<void> {
    const { request, envelope } = post;
    const capabilities = this.#capabilities(envelope);
    const asksBack = this.#options.children.era.modern !== true && canBeAsked(capabilities);
    // Of a child that all share, nobody knows whose its log messages are.
    const alone = !this.#options.shared && (asksBack || envelope.logLevel !== undefined);
    const use: Use = MAY_ASK.has(request.method) ? (alone ? 'exclusive' : 'shared') : 'any';
    const place = new Place();
    const asked = { ...post, envelope: { ...envelope, capabilities } };
    const joined = this.#places.join(post.caller, capabilities, place, use);
    // Most calls find their child there, and nothing to wait for.
    if (!(joined instanceof Promise)) return this.#callIn(joined, place, req, res, asked);
    return joined.then((pooled) => {
      if (pooled instanceof PooledPeer) return this.#callIn(pooled, place, req, res, asked);
      refuse(res, pooled, request.id);
    });
  }

  #callIn(
    pooled: PooledPeer,
    place: Place,
    req: IncomingMessage,
    res: ServerResponse,
    asked: Asked,
  ): void | Promise<void> {
    const begin = (refusal: Refusal | undefined): void => {
      const continued = !pooled.hello.modern && asked.request.params?.['requestState'] !== undefined;
      if (refusal === undefined && !res.destroyed && !continued)
        return pooled.hello.modern
          ? this.#pass(pooled, place, res, asked)
          : this.#begin(pooled, place, res, asked);
      this.#places.leave(pooled, place);
      if (refusal !== undefined) refuse(res, refusal, asked.request.id);
      else if (continued) this.#resume(res, asked);
    };
    const checked = this.#beforeCall(req, pooled, place, asked);
    return checked instanceof Promise ? checked.then(begin) : begin(checked);
  }

  /** To a child of the era the request goes as it is. */
  #pass(pooled: PooledPeer, place: Place, res: ServerResponse, { parsed, ...asked }: Asked): void {
    const { caller, envelope } = asked;
    const request = this.#options.clientRoots ? asked.request : withoutClientRoots(asked.request);
    const line = request === asked.request ? parsed.incoming[0]?.line : undefined;
    const reply = this.#replyTo(res, { ...asked, parsed });
    const passed = { request, line, tools: caller.tools, logLevel: envelope.logLevel, reply };
    const call = new PassedCall(passed, pooled, () => this.#places.leave(pooled, place));
    place.call = call;
    this.#watch(res, { reply }, call);
  }

  #begin(pooled: PooledPeer, place: Place, res: ServerResponse, asked: Asked): void {
    const round = { ...asked, reply: this.#replyTo(res, asked) };
    const call = new ModernCall(round, pooled, {
      park: (parked) => this.#parked.park(parked),
      over: (ended) => {
        this.#parked.remove(ended);
        // What it may still ask would be taken for the next call's; of a shared child nobody is asked.
        if (ended.hasAsked && ended.givenUp && pooled.exclusive === place) pooled.spent = true;
        this.#places.leave(pooled, place);
        place.call = undefined;
      },
    });
    place.call = call;
    this.#watch(res, round, call);
    call.start(asked.request);
  }

  #resume(res: ServerResponse, post: Asked): void {
    const { request, caller, envelope } = post;
    const state = plainText(request.params?.['requestState']);
    const call = this.#parked.find(caller.sub, state);
    if (typeof call === 'string') return refuse(res, invalidParams(call), request.id);
    const round = { ...post, reply: this.#replyTo(res, post) };
    const capabilities = this.#capabilities(envelope);
    if (!call.continues(round)) {
      const text = 'requestState belongs to another request: a retry repeats the params of the first.';
      return refuse(res, invalidParams(text), request.id);
    }
    const misfit = call.misfit(request);
    if (misfit !== undefined)
      return refuse(res, invalidParams(`inputResponses.${misfit} is no answer to its request.`), request.id);
    this.#parked.remove(call);
    this.#watch(res, round, call);
    call.resume({ ...round, envelope: { ...envelope, capabilities } });
  }

  /** Loads and limits of the child, and headers that only its tools know of. */
  #beforeCall(
    req: IncomingMessage,
    pooled: PooledPeer,
    place: Place,
    { request, envelope: { logLevel } }: Asked,
  ): Refusal | undefined | Promise<Refusal | undefined> {
    const { maxPendingCalls } = this.#options.limits;
    if (pooled.peer.pendingCalls >= maxPendingCalls)
      return unavailable(429, `${maxPendingCalls} of your requests wait for an answer already.`);
    if (pooled.peer.congested) return unavailable(503, 'The server does not read what it is sent.');
    const check = () =>
      request.method === 'tools/call' ? pooled.checkParams(request.params, req.headers) : undefined;
    if (logLevel === undefined || this.#options.shared || !MAY_ASK.has(request.method)) return check();
    return this.#places.setLogLevel(pooled, logLevel, place).then(check);
  }

  #join(
    post: { caller: CallerContext; envelope: Envelope },
    call: ActiveCall,
    use: Use,
  ): PooledPeer | Promise<PooledPeer | Refusal> {
    return this.#places.join(post.caller, this.#capabilities(post.envelope), call, use);
  }

  #capabilities({ capabilities }: Envelope): Members {
    const { shared, clientRoots } = this.#options;
    return shared ? {} : childCapabilities(capabilities, clientRoots);
  }

  #replyTo(res: ServerResponse, { accepts, caller }: Post): Reply {
    const { limits, now } = this.#options;
    const onWrite = (): void => this.#outflows.note(caller.sub, res);
    return new Reply(res, accepts, { maxBufferedBytes: limits.maxBufferedBytes, openedAtMs: now(), onWrite });
  }

  /** "Closing the response stream cancels the request." */
  #watch(res: ServerResponse, { reply }: Pick<Round, 'reply'>, call: ModernCall | PassedCall): void {
    const round = (this.#rounds += 1);
    this.#replies.set(round, reply);
    res.on('close', () => {
      this.#replies.delete(round);
      if (!reply.done) call.abandon('The client went away.');
    });
  }

  #keepAlive(intervalMs: number): void {
    const before = this.#options.now() - intervalMs;
    for (const reply of this.#replies.values()) if (reply.openedAtMs < before) reply.keepAlive();
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

/** Holds a call's place at its child, from before there is a call. */
class Place implements ActiveCall {
  call: ActiveCall | undefined;

  asked: ActiveCall['asked'] = (message, line) => this.call?.asked(message, line) ?? false;
  told: ActiveCall['told'] = (message, line) => this.call?.told(message, line);
}

function invalidParams(message: string): Refusal {
  return { status: 400, code: ErrorCode.invalidParams, message: `Invalid params: ${message}` };
}
