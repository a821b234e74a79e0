/**
 * One session: a child, the calls it has not answered yet, and what of a client's messages reaches it
 * (MCP 2025-11-25, Transports, "Sending Messages to the Server").
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ToolRules } from '../../config/context.ts';
import type { Logger } from '../../config/log.ts';
import { refusedTool } from '../../policy/tool-rules.ts';
import type { ChildCommand } from '../child/child.ts';
import type { Graces } from '../child/ending.ts';
import { ended, tooLong } from '../child/faults.ts';
import { isRootsChange, ROOTS_LIST } from '../client-roots.ts';
import { RETRY_AFTER, SESSION_HEADER } from '../http.ts';
import type { ProxyLimits } from '../limits.ts';
import { lineOf } from '../messages/framing.ts';
import type { Incoming } from '../messages/incoming.ts';
import {
  cancelledText,
  ErrorCode,
  errorLine,
  errorText,
  idOfFragments,
  isId,
  isObject,
  type RpcId,
  type RpcMessage,
  type RpcRequest,
} from '../messages/json-rpc.ts';
import { readServerLine, type TakeMessage } from '../messages/server-line.ts';
import type { ChildSource, SessionChild } from '../models/session-child.ts';
import type { EventStream, StreamOwner } from '../streams/event-stream.ts';
import type { Exchange } from '../streams/exchange.ts';
import { Outflow, type OutflowBudget } from '../streams/outflow.ts';
import type { ReplayBudget } from '../streams/replay.ts';
import { ServerMessages } from '../streams/server-messages.ts';
import { unknownToolLine, visiblePart } from '../tool-access.ts';
import { Calls } from './calls.ts';

export interface SessionOptions {
  id: string;
  /** The stable id of the user who opened it. */
  user: string;
  service: string;
  limits: ProxyLimits;
  /** Whether the server may ask the client for its roots. */
  clientRoots: boolean;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  replays: ReplayBudget;
  outflows: OutflowBudget;
  children: ChildSource;
  /** Called once, in the moment in which the session stops to exist for clients. `gone`: nothing of the child is left. */
  onEnd: (session: Session, gone: Promise<void>) => void;
}

export class Session {
  readonly id: string;
  readonly user: string;
  /** What the child answered to `initialize`; undefined until then. */
  protocolVersion: string | undefined;
  readonly #options: SessionOptions;
  readonly #fields: object;
  readonly #calls = new Calls();
  readonly #messages: ServerMessages;
  readonly #outflow: Outflow;
  #child: SessionChild | undefined;
  #lastActiveMs: number;
  #ended = false;
  #mismatchLogged = false;

  constructor(options: SessionOptions) {
    this.id = options.id;
    this.user = options.user;
    this.#options = options;
    this.#fields = { service: options.service, user: options.user };
    this.#outflow = new Outflow({
      budget: options.outflows,
      maxBufferedBytes: options.limits.maxBufferedBytes,
      stallMs: options.limits.stallSeconds * 1000,
      wait: (waits) => this.#child?.holdOutput?.(waits),
    });
    this.#messages = new ServerMessages({
      ...options,
      onWrite: (res) => this.wrote(res),
      calls: this.#calls,
      version: () => this.protocolVersion,
      onDropped: (id) => this.#refuse(id, ErrorCode.server, 'The client has no stream open.'),
    });
    this.#lastActiveMs = options.now();
  }

  get ended(): boolean {
    return this.#ended;
  }

  get pendingCalls(): number {
    return this.#calls.size;
  }

  /** How long nothing has happened, in milliseconds; 0 while a call is pending or a stream is open. */
  idleMs(nowMs: number): number {
    return this.#calls.size > 0 || this.#messages.openStreams > 0 ? 0 : nowMs - this.#lastActiveMs;
  }

  /** GET streams. */
  get openStreams(): number {
    return this.#messages.openStreams;
  }

  isPending(id: RpcId): boolean {
    return this.#calls.get(id) !== undefined;
  }

  /** Something was written to a reply of this session's. */
  wrote(res: ServerResponse): void {
    this.#outflow.note(res);
  }

  /** Bytes that the child has not read yet. */
  get unreadBytes(): number {
    return this.#child?.unreadBytes ?? 0;
  }

  /** The child reads less than it is sent, so that nothing more may be sent to it for now. */
  get congested(): boolean {
    return this.unreadBytes > this.#options.limits.maxBufferedBytes;
  }

  /** @param exchange where `initialize`, which the child gets when it is started, is answered */
  begin(initialize: RpcRequest, exchange: Exchange): void {
    this.#calls.add(initialize, exchange);
  }

  /**
   * @param initialize the first line for the child
   * @throws what `ChildSource.start` throws
   */
  async start(command: ChildCommand, initialize: Buffer): Promise<void> {
    const handlers = {
      onLine: (line: Buffer) => this.#fromChild(line),
      onTooLong: (head: Buffer, tail: Buffer, bytes: number) => this.#tooLong(head, tail, bytes),
      onEnd: (reason: string) => this.#childEnded(reason),
    };
    const { children, limits } = this.#options;
    const child = children.start({ command, user: this.user, handlers });
    this.#child = child instanceof Promise ? await child : child;
    if (this.#ended) void this.#child.end(limits);
    else this.#child.write(initialize);
  }

  /** The child took too long to answer `initialize`. @param reason a clause */
  initializeTimedOut(reason: string): void {
    if (this.#child !== undefined) this.#options.children.failed(this.#child, reason);
    void this.end(`The server of '${this.#options.service}' ${reason}.`, 504);
  }

  /**
   * Passes a client's messages on, but for those that are not its to send.
   * @param tools the rules of this request's caller
   * @param exchange where the requests among them are answered
   */
  post(incoming: readonly Incoming[], tools: ToolRules | undefined, exchange?: Exchange): void {
    this.#lastActiveMs = this.#options.now();
    for (const { message, line } of incoming) {
      const dropped = this.#whyDropped(message, tools);
      if (dropped !== undefined) {
        this.#options.logger.debug(this.#fields, dropped);
        if (message.kind === 'request') exchange?.answer(unknownToolLine(message));
        continue;
      }
      if (message.kind === 'request' && exchange !== undefined) this.#calls.add(message, exchange, tools);
      this.#child?.write(line, message);
      if (message.kind === 'notification') this.#fromClient(message.method, message.params);
    }
    if (exchange !== undefined) this.#messages.offer(exchange);
  }

  /** The client of a POST went away before everything in it was answered, and did not come back. */
  disconnected(exchange: Exchange): void {
    for (const { request } of this.#calls.take(exchange)) {
      this.#child?.write(lineOf(cancelledText(request.id, 'The client closed the connection')));
      // For a client that comes back after all.
      const message = 'The client was away for too long; the request was cancelled.';
      exchange.answer(errorLine(request.id, ErrorCode.server, message));
    }
    this.#lastActiveMs = this.#options.now();
  }

  /** Makes the reply to a POST a stream. */
  openStream(res: ServerResponse, owner: StreamOwner, headers?: OutgoingHttpHeaders): EventStream {
    return this.#messages.openStream(res, owner, headers);
  }

  /** A GET; see `ServerMessages.listen`. */
  listen(res: ServerResponse, lastEventId: string | undefined): boolean {
    const listens = this.#messages.listen(res, lastEventId);
    if (listens) res.on('close', () => (this.#lastActiveMs = this.#options.now()));
    return listens;
  }

  /** @param beforeMs calls opened after this moment are left alone: a quick answer needs no stream */
  keepAlive(beforeMs: number): void {
    this.#messages.keepAlive();
    for (const exchange of this.#calls.exchangesBefore(beforeMs)) exchange.keepAlive();
  }

  /** Logs, once, that the client names another version in its headers than it negotiated. */
  noteVersion(header: string): void {
    if (this.#mismatchLogged) return;
    this.#mismatchLogged = true;
    const fields = { ...this.#fields, negotiated: this.protocolVersion, header };
    this.#options.logger.info(fields, 'client sends another protocol version than it negotiated');
  }

  /**
   * Ends the session: pending requests get an error, streams close, the child and its group go.
   * @param message what the pending requests are told
   * @param status of the answer to a pending `initialize`
   * @returns resolved once nothing of the child is left
   */
  end(
    message: string,
    status = 503,
    graces: Graces = this.#options.limits,
    headers = status === 503 || status === 429 ? RETRY_AFTER : {},
  ): Promise<void> {
    const gone = this.#child?.end(graces) ?? Promise.resolve();
    if (this.#ended) return gone;
    this.#ended = true;
    this.#options.logger.info({ ...this.#fields, reason: message }, 'session ended');
    for (const { request, exchange } of this.#calls.take()) {
      const line = errorLine(request.id, ErrorCode.server, message);
      exchange.answer(line, request.method === 'initialize' ? { status, headers } : {});
    }
    this.#messages.end();
    this.#options.onEnd(this, gone);
    return gone;
  }

  /** @returns why the server may not see this message, or undefined when it may */
  #whyDropped(message: RpcMessage, tools: ToolRules | undefined): string | undefined {
    if (message.kind === 'response') {
      const asked = message.id !== null && this.#messages.takeAnswer(message.id);
      return asked ? undefined : 'client answered a request that it was not asked';
    }
    // A notification as well: a server might call the tool and only give no answer.
    if (refusedTool(message.method, message.params, tools) !== undefined)
      return 'client called a tool that its rules do not give it';
    return !this.#options.clientRoots && isRootsChange(message)
      ? 'client told of roots, which this server does not ask for'
      : undefined;
  }

  /** A request that its client has cancelled gets no answer from a server that follows the rules, so none is awaited. */
  #fromClient(method: string, params: Record<string, unknown> | undefined): void {
    const id = params?.['requestId'];
    if (method !== 'notifications/cancelled' || !isId(id)) return;
    const call = this.#calls.get(id);
    if (call === undefined || call.request.method === 'initialize') return;
    this.#calls.remove(call);
    call.exchange.withdraw(errorLine(id, ErrorCode.server, 'The client cancelled this request.'));
  }

  #fromChild(line: Buffer): void {
    if (!readServerLine(line, this.#deliver)) this.#child?.logNoise(line.toString('utf8'));
  }

  readonly #deliver: TakeMessage = (message, line) => {
    if (this.#ended) return;
    if (message === undefined) this.#child?.logNoise(line.toString('utf8'));
    else if (message.kind === 'response') this.#answer(message.id, message.result, line);
    else if (message.kind === 'request' && message.method === ROOTS_LIST && !this.#options.clientRoots)
      this.#refuse(message.id, ErrorCode.methodNotFound, 'The client has no roots.');
    else this.#messages.route(message, line);
  };

  #answer(id: RpcId | null, result: unknown, line: Buffer): void {
    const call = id === null ? undefined : this.#calls.get(id);
    if (call === undefined) {
      this.#options.logger.debug({ ...this.#fields, id }, 'server answered a request that nobody waits for');
      return;
    }
    this.#calls.remove(call);
    this.#lastActiveMs = this.#options.now();
    if (call.request.method === 'initialize') this.#initialized(call.exchange, result, line);
    else call.exchange.answer(visiblePart(call, line));
  }

  #initialized(exchange: Exchange, result: unknown, line: Buffer): void {
    if (this.#child !== undefined) this.#options.children.initialised(this.#child);
    const version = isObject(result) ? result['protocolVersion'] : undefined;
    if (typeof version === 'string') {
      this.protocolVersion = version;
      this.#options.logger.info({ ...this.#fields, protocolVersion: version }, 'session opened');
      exchange.answer(line, { headers: { [SESSION_HEADER]: this.id } });
    } else {
      exchange.answer(line);
      // A handshake that failed leaves nothing that could be used.
      void this.end('The server refused to initialize.');
    }
  }

  /** Answers a request of the server's in the client's place. */
  #refuse(id: RpcId, code: number, message: string): void {
    this.#child?.write(lineOf(errorText(id, code, message)));
  }

  #tooLong(head: Buffer, tail: Buffer, bytes: number): void {
    const { limits, logger } = this.#options;
    const message = tooLong(bytes, limits.maxMessageBytes, logger, this.#fields);
    const id = idOfFragments(head, tail);
    if (id === undefined || !this.isPending(id)) return;
    this.#answer(id, undefined, errorLine(id, ErrorCode.internal, message));
  }

  #childEnded(reason: string): void {
    const { service, logger } = this.#options;
    const early = this.protocolVersion === undefined;
    void this.end(ended({ service, reason, early }, logger, this.#fields), 502);
  }
}
