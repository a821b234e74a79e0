/**
 * A child that several callers use at once, with the proxy as its one client: requests get ids and progress tokens of the
 * proxy's and answers the callers' own again (MCP 2025-11-25, Lifecycle and Base Protocol). Which calls may share a child,
 * and whom the child's own messages are for, is its owner's to know.
 */
import type { Child, ChildHandlers } from '../child/child.ts';
import type { Graces } from '../child/ending.ts';
import { ended, tooLong } from '../child/faults.ts';
import { lineOf } from '../messages/framing.ts';
import {
  cancelledText,
  ErrorCode,
  errorLine,
  idOfFragments,
  isId,
  isObject,
  progressTokenOf,
  textOf,
  type RpcId,
  type RpcRequest,
} from '../messages/json-rpc.ts';
import { readServerLine, type TakeMessage } from '../messages/server-line.ts';
import { ShortLivedMap } from '../short-lived.ts';
import {
  PeerError,
  type CallHandlers,
  type Handshake,
  type Initialized,
  type PeerCall,
  type PeerHandlers,
  type PeerOptions,
  type RpcNotification,
  type RpcResponse,
} from './peer-types.ts';
import { answerLine, progressLine, requestLine } from './rewrite.ts';
import { Turns } from './turns.ts';

interface PendingCall extends PeerCall {
  readonly token: RpcId | undefined;
  readonly handlers: CallHandlers;
}

export class Peer {
  /** What the child answered to `initialize`; undefined until then, and for a child that knows no handshake. */
  initialized: Initialized | undefined;
  /** It has answered `initialize`, or shown that it needs none. */
  ready = false;
  /** May be changed when the child changes hands. */
  handlers: PeerHandlers;
  readonly #options: PeerOptions;
  readonly #child: Child;
  readonly #calls = new ShortLivedMap<number, PendingCall>();
  /** The child's requests that wait for an answer of ours. */
  readonly #asked = new Set<RpcId>();
  readonly #turns: Turns | undefined;
  #nextId = 0;
  #lastActiveMs: number;
  #endReason: string | undefined;

  /**
   * @param start makes the child, or takes one that was started ahead
   * @throws what `start` throws
   */
  constructor(start: (handlers: ChildHandlers) => Child, options: PeerOptions, handlers: PeerHandlers = {}) {
    this.#options = options;
    this.handlers = handlers;
    this.#turns = options.serialCalls === true ? new Turns() : undefined;
    this.#lastActiveMs = options.now();
    this.#child = start({
      onLine: (line) => this.#fromChild(line),
      onTooLong: (head, tail, bytes) => this.#tooLong(head, tail, bytes),
      onEnd: (reason) => this.#childEnded(reason),
    });
  }

  get pendingCalls(): number {
    return this.#calls.size;
  }

  get ended(): boolean {
    return this.#endReason !== undefined;
  }

  /** The child reads less than it is sent, so that nothing more may be sent to it for now. */
  get congested(): boolean {
    return this.#child.unreadBytes > this.#options.limits.maxBufferedBytes;
  }

  /** How long no call has been pending, in milliseconds. */
  idleMs(nowMs: number): number {
    return this.#calls.size > 0 ? 0 : nowMs - this.#lastActiveMs;
  }

  /**
   * Does the handshake, within `initializeTimeoutSeconds`.
   * @throws PeerError; the child is ended then
   */
  async initialize(handshake: Handshake): Promise<void> {
    const seconds = this.#options.limits.initializeTimeoutSeconds;
    const request: RpcRequest = {
      kind: 'request',
      id: 'initialize',
      method: 'initialize',
      params: { ...handshake },
    };
    const { service } = this.#options;
    const answer = await this.ask(request, seconds * 1000);
    const result = answer?.result;
    if (isInitialized(result)) {
      this.initialized = result;
      this.ready = true;
      this.notify('notifications/initialized');
      return;
    }
    const [message, status] =
      answer === undefined
        ? [`The server of '${service}' did not answer initialize within ${seconds} s.`, 504]
        : [this.#endReason ?? `The server of '${service}' refused to initialize.`, 502];
    void this.end(message);
    throw new PeerError(message, status);
  }

  /** Calls and waits. @returns undefined when there is no answer within `timeoutMs`: the call is cancelled then */
  ask(request: RpcRequest, timeoutMs: number): Promise<RpcResponse | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        call.cancel('It took too long.');
        resolve(undefined);
      }, timeoutMs);
      const onAnswer = (message: RpcResponse): void => {
        clearTimeout(timer);
        resolve(message);
      };
      const call = this.call(request, { onAnswer });
    });
  }

  /**
   * Sends a caller's request.
   * @param line the request as `parseBody` wrote it, when it is to go out unchanged but for its id
   */
  call(request: RpcRequest, handlers: CallHandlers, line?: Buffer): PeerCall {
    const id = (this.#nextId += 1);
    const token = progressTokenOf(request);
    const cancel = (reason: string): void => {
      const begun = this.#turns?.cancel(id) ?? true;
      if (!this.#remove(id) || !begun) return;
      // "The initialize request MUST NOT be cancelled by clients."
      if (request.method !== 'initialize') this.#write(cancelledText(id, reason));
    };
    const call: PendingCall = { request, id, token, handlers, cancel };
    if (this.#endReason === undefined) {
      this.#calls.set(id, call);
      const begin = (): void => this.#child.write(requestLine(request, id, token, line));
      if (request.method === 'tools/call' && this.#turns !== undefined) this.#turns.take(id, begin);
      else begin();
    } else {
      // Not before the caller has its call.
      const reason = this.#endReason;
      queueMicrotask(() => fail(call, ErrorCode.server, reason));
    }
    return call;
  }

  notify(method: string, params?: Record<string, unknown>): void {
    this.#write(textOf({ kind: 'notification', method, params }));
  }

  /**
   * Answers a request of the child's.
   * @returns false when it was not asked, was answered already, or has been cancelled by the child
   */
  respond(id: RpcId, answer: { result: unknown } | { error: Record<string, unknown> }): boolean {
    if (!this.#asked.delete(id)) return false;
    this.#write(textOf({ kind: 'response', id, result: undefined, ...answer }));
    return true;
  }

  /** Notes a line of the child's that makes no sense to its owner either. */
  logNoise(text: string): void {
    this.#child.logNoise(text);
  }

  /**
   * Ends the child and its group; pending calls get an error.
   * @param message what they are told
   * @returns resolved once nothing of the child is left; the same promise for every call
   */
  end(message = 'The server was ended.', graces: Graces = this.#options.limits): Promise<void> {
    this.#ending(message);
    return this.#child.end(graces);
  }

  #write(text: string): void {
    this.#child.write(lineOf(text));
  }

  #finish(id: number): void {
    this.#remove(id);
    this.#turns?.end(id);
  }

  /** @returns whether the call was pending */
  #remove(id: number): boolean {
    this.#lastActiveMs = this.#options.now();
    return this.#calls.delete(id);
  }

  #fromChild(line: Buffer): void {
    if (this.#endReason === undefined && !readServerLine(line, this.#deliver))
      this.logNoise(line.toString('utf8'));
  }

  readonly #deliver: TakeMessage = (message, line) => {
    if (message === undefined) this.logNoise(line.toString('utf8'));
    else if (message.kind === 'response') this.#answered(message, line);
    else if (message.kind === 'request') this.#requested(message, line);
    else this.#notified(message, line);
  };

  #answered(message: RpcResponse, line: Buffer): void {
    const call = typeof message.id === 'number' ? this.#calls.get(message.id) : undefined;
    if (call === undefined) {
      if (typeof message.id === 'number') this.#turns?.end(message.id);
      const { logger, logFields } = this.#options;
      logger.debug({ ...logFields, id: message.id }, 'server answered a request that nobody waits for');
      return;
    }
    this.#finish(call.id);
    const { id } = call.request;
    const own = answerLine(line, call.id, id);
    if (own === undefined) fail(call, ErrorCode.internal, "The server's answer is nested too deeply.");
    else call.handlers.onAnswer({ ...message, id }, own);
  }

  #requested(message: RpcRequest, line: Buffer): void {
    const { id, method } = message;
    const { maxPendingCalls } = this.#options.limits;
    const busy = this.#asked.size >= maxPendingCalls;
    this.#asked.add(id);
    if (method === 'ping') this.respond(id, { result: {} });
    else if (busy || this.handlers.onRequest?.(message, line) !== true) {
      const text = busy
        ? `${maxPendingCalls} requests wait for an answer already.`
        : `There is nobody who could answer ${method}.`;
      this.respond(id, { error: { code: ErrorCode.methodNotFound, message: text } });
    }
  }

  #notified(message: RpcNotification, line: Buffer): void {
    const { method, params } = message;
    if (method === 'notifications/progress') {
      const token = params?.['progressToken'];
      const call = typeof token === 'number' ? this.#calls.get(token) : undefined;
      // Late progress is worth nothing, and with a token of the caller's own making it is nobody's.
      if (call?.token === undefined) return;
      const own = progressLine(message, line, call.token);
      const renamed = { ...message, params: { ...params, progressToken: call.token } };
      if (own !== undefined) call.handlers.onProgress?.(renamed, own);
      return;
    }
    const cancelled = method === 'notifications/cancelled' ? params?.['requestId'] : undefined;
    if (isId(cancelled)) this.#asked.delete(cancelled);
    this.handlers.onNotification?.(message, line);
  }

  #tooLong(head: Buffer, tail: Buffer, bytes: number): void {
    const { limits, logger, logFields } = this.#options;
    const message = tooLong(bytes, limits.maxMessageBytes, logger, logFields);
    const id = idOfFragments(head, tail);
    const call = typeof id === 'number' ? this.#calls.get(id) : undefined;
    if (call === undefined) return;
    this.#finish(call.id);
    fail(call, ErrorCode.internal, message);
  }

  #childEnded(reason: string): void {
    const { service, logger, logFields } = this.#options;
    void this.end(ended({ service, reason, early: !this.ready }, logger, logFields));
  }

  #ending(reason: string): void {
    if (this.#endReason !== undefined) return;
    this.#endReason = reason;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    this.#asked.clear();
    for (const call of calls) fail(call, ErrorCode.server, reason);
    this.handlers.onEnd?.(reason);
  }
}

function isInitialized(result: unknown): result is Initialized {
  return isObject(result) && typeof result['protocolVersion'] === 'string';
}

function fail({ request: { id }, handlers }: PendingCall, code: number, message: string): void {
  const answer: RpcResponse = { kind: 'response', id, result: undefined, error: { code, message } };
  handlers.onAnswer(answer, errorLine(id, code, message));
}
