/** The calls of the era without handshakes that are under way: each has a place at a child, and a reply that is open or parked. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { unavailable } from '../checks.ts';
import { refuse, type Refusal } from '../http.ts';
import type { ProxyLimits } from '../limits.ts';
import { plainText } from '../messages/exact-json.ts';
import { ErrorCode, type RpcRequest } from '../messages/json-rpc.ts';
import type { KnownEra } from '../modern-child/era.ts';
import { ShortLivedMap } from '../short-lived.ts';
import type { UserOutflows } from '../streams/outflow.ts';
import { ModernCall, type Round } from './call.ts';
import type { Envelope, Members } from './envelope/envelope.ts';
import { canBeAsked, childCapabilities, MAY_ASK, withoutClientRoots } from './envelope/input-requests.ts';
import type { Posted } from '../read-post.ts';
import { ParkedCalls } from './parked-calls.ts';
import { PassedCall } from './passed-call.ts';
import type { Places, Use } from './places/places.ts';
import { type ActiveCall, PooledPeer } from './places/pooled-peer.ts';
import { Reply } from './reply.ts';

export interface ModernCallsOptions {
  service: string;
  limits: ProxyLimits;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Whether the server may ask clients for their roots. */
  clientRoots: boolean;
  /** Of the server. */
  era: KnownEra;
  /** One child serves all users: for servers that ask nothing and keep nothing of anybody. */
  shared: boolean;
  places: Places;
  outflows: UserOutflows;
}

/** A post that has been found to be a request. */
export interface Asked extends Posted {
  request: RpcRequest;
  envelope: Envelope;
}

export class ModernCalls {
  readonly #options: ModernCallsOptions;
  readonly #parked: ParkedCalls;
  /** Rounds that have not been answered yet. */
  readonly #replies = new ShortLivedMap<number, Reply>();
  #rounds = 0;

  constructor(options: ModernCallsOptions) {
    this.#options = options;
    this.#parked = new ParkedCalls(options.service, options.limits.parkedCallSeconds);
  }

  /** Calls whose client waits. */
  get waiting(): number {
    return this.#replies.size;
  }

  /** Sends the request to a child. */
  call(req: IncomingMessage, res: ServerResponse, post: Asked): void | Promise<void> {
    const { request, envelope } = post;
    const capabilities = this.capabilities(envelope);
    const asksBack = this.#options.era.modern !== true && canBeAsked(capabilities);
    // Of a child that all share, nobody knows whose its log messages are.
    const alone = !this.#options.shared && (asksBack || envelope.logLevel !== undefined);
    const use: Use = MAY_ASK.has(request.method) ? (alone ? 'exclusive' : 'shared') : 'any';
    const place = new Place();
    const asked = { ...post, envelope: { ...envelope, capabilities } };
    const joined = this.#options.places.join(post.caller, capabilities, place, use);
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
      this.#options.places.leave(pooled, place);
      if (refusal !== undefined) refuse(res, refusal, asked.request.id);
      else if (continued) this.resume(res, asked);
    };
    const checked = this.#beforeCall(req, pooled, place, asked);
    return checked instanceof Promise ? checked.then(begin) : begin(checked);
  }

  /** To a child of the era the request goes as it is. */
  #pass(pooled: PooledPeer, place: Place, res: ServerResponse, { parsed, ...asked }: Asked): void {
    const { caller, envelope } = asked;
    const request = this.#options.clientRoots ? asked.request : withoutClientRoots(asked.request);
    const line = request === asked.request ? parsed.incoming[0]?.line : undefined;
    const reply = this.replyTo(res, { ...asked, parsed });
    const passed = { request, line, tools: caller.tools, logLevel: envelope.logLevel, reply };
    const call = new PassedCall(passed, pooled, () => this.#options.places.leave(pooled, place));
    place.call = call;
    this.#watch(res, { reply }, call);
  }

  #begin(pooled: PooledPeer, place: Place, res: ServerResponse, asked: Asked): void {
    const round = { ...asked, reply: this.replyTo(res, asked) };
    const call = new ModernCall(round, pooled, {
      park: (parked) => this.#parked.park(parked),
      over: (ended) => {
        this.#parked.remove(ended);
        // What it may still ask would be taken for the next call's; of a shared child nobody is asked.
        if (ended.hasAsked && ended.givenUp && pooled.exclusive === place) pooled.spent = true;
        this.#options.places.leave(pooled, place, ended.givenUp);
        place.call = undefined;
      },
    });
    place.call = call;
    this.#watch(res, round, call);
    call.start(asked.request);
  }

  /** Goes on with the call that the request's `requestState` names. */
  resume(res: ServerResponse, post: Asked): void {
    const { request, caller, envelope } = post;
    const state = plainText(request.params?.['requestState']);
    const call = this.#parked.find(caller.sub, state);
    if (typeof call === 'string') return refuse(res, invalidParams(call), request.id);
    const round = { ...post, reply: this.replyTo(res, post) };
    const capabilities = this.capabilities(envelope);
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
    return this.#options.places.setLogLevel(pooled, logLevel, place).then(check);
  }

  /** What a child is told of the client. */
  capabilities({ capabilities }: Envelope): Members {
    const { shared, clientRoots } = this.#options;
    return shared ? {} : childCapabilities(capabilities, clientRoots);
  }

  replyTo(res: ServerResponse, { accepts, caller }: Posted): Reply {
    const { limits, now } = this.#options;
    const onWrite = (): void => this.#options.outflows.note(caller.sub, res);
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

  /** Shows the clients of calls that were begun before `beforeMs` that they are alive. */
  keepAlive(beforeMs: number): void {
    for (const reply of this.#replies.values()) if (reply.openedAtMs < beforeMs) reply.keepAlive();
  }

  /** Gives up the parked calls. */
  end(reason: string): void {
    this.#parked.end(reason);
  }
}

/** Holds a call's place at its child, from before there is a call. */
class Place implements ActiveCall {
  call: ActiveCall | undefined;

  asked: ActiveCall['asked'] = (message, line) => this.call?.asked(message, line) ?? false;
  told: ActiveCall['told'] = (message, line) => this.call?.told(message, line);
}

export function invalidParams(message: string): Refusal {
  return { status: 400, code: ErrorCode.invalidParams, message: `Invalid params: ${message}` };
}
