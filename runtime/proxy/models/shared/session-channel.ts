/** One session's part of a child that it shares with others. To the session it is a child like any other. */
import type { ChildHandlers } from '../../child/child.ts';
import { HANDSHAKE_VERSIONS } from '../../http.ts';
import { parseExact } from '../../messages/exact-json.ts';
import { lineOf } from '../../messages/framing.ts';
import {
  classify,
  ErrorCode,
  errorLine,
  isId,
  type RpcId,
  type RpcMessage,
  type RpcRequest,
} from '../../messages/json-rpc.ts';
import { isLogLevel, passesLevel, type LogLevel } from '../../messages/log-level.ts';
import type { PeerCall, RpcNotification, RpcResponse } from '../../peer/peer-types.ts';
import type { Peer } from '../../peer/peer.ts';
import type { SessionChild } from '../session-child.ts';
import { declares } from './declares.ts';
import type { Member } from './members.ts';
import type { SharedServer } from './shared-server.ts';
import { subscriptionProblem } from './subscriptions.ts';

export class SessionChannel implements SessionChild, Member {
  readonly client = this;
  level: LogLevel | undefined;
  readonly #server: SharedServer;
  readonly #handlers: ChildHandlers;
  readonly #calls = new Map<RpcId, PeerCall>();
  /** What the client can do, of its `initialize`. */
  #capabilities: unknown;
  #ended = false;

  constructor(server: SharedServer, handlers: ChildHandlers) {
    this.#server = server;
    this.#handlers = handlers;
  }

  get calls(): number {
    return this.#calls.size;
  }

  get unreadBytes(): number {
    return this.#server.peer?.congested === true ? Infinity : 0;
  }

  wantsLog(level: unknown): boolean {
    return passesLevel(level, this.level);
  }

  /** Passes the request on where the session's client can answer it, and none of a child that all share. */
  asked(request: RpcRequest, line: Buffer): boolean {
    if (this.#server.forAll || !declares(this.#capabilities, request)) return false;
    this.#say(line);
    return true;
  }

  told(_message: RpcNotification, line: Buffer): void {
    this.#say(line);
  }

  write(line: Buffer, message = classify(parseExact(line.toString('utf8')))): void {
    if (message?.kind === 'request' && message.method === 'initialize') this.#initialize(message);
    else if (message !== undefined) this.#withPeer(message, line);
  }

  logNoise(text: string): void {
    this.#server.peer?.logNoise(text);
  }

  /** The child goes on; what it works on for this session alone is cancelled. */
  end(): Promise<void> {
    this.#ended = true;
    if (this.#calls.size > 0) this.#server.members.gaveUp(this);
    for (const call of this.#calls.values()) call.cancel('The session ended');
    this.#calls.clear();
    this.#server.leave(this);
    return Promise.resolve();
  }

  /** In the order in which they came, also while the child is started anew. */
  #withPeer(message: RpcMessage, line: Buffer): void {
    const { peer } = this.#server;
    if (peer !== undefined) return this.#pass(peer, message, line);
    // Nobody needs a server to be told of what its forerunner was asked.
    if (message.kind !== 'request') return;
    this.#server.open().then(
      (opened) => {
        if (!this.#ended) this.#pass(opened, message, line);
      },
      (error: unknown) => {
        const text = this.#server.refusalOf(error).message;
        this.#say(errorLine(message.id, ErrorCode.server, text));
      },
    );
  }

  #pass(peer: Peer, message: RpcMessage, line: Buffer): void {
    if (message.kind === 'request') this.#request(peer, message, line);
    else if (message.kind === 'notification') this.#notification(peer, message);
    else if (message.id !== null) {
      const { id, result, error } = message;
      this.#server.respond(id, error === undefined ? { result } : { error }, this);
    }
  }

  #request(peer: Peer, request: RpcRequest, line: Buffer): void {
    const { method, params } = request;
    const uri = params?.['uri'];
    const level = params?.['level'];
    if (method === 'resources/subscribe' && typeof uri === 'string')
      this.#subscribe(peer, request, line, uri);
    else if (method === 'resources/unsubscribe' && typeof uri === 'string') {
      const others = this.#server.members.subscriptions.hasOthers(uri, this);
      this.#server.members.subscriptions.remove(uri, this);
      if (others) this.#answer(request.id, {});
      else this.#call(peer, request, line);
    } else if (method === 'logging/setLevel' && isLogLevel(level)) {
      const wanted = this.#server.levelFor(this, level);
      if (wanted === undefined) this.#answer(request.id, {});
      else this.#call(peer, { ...request, params: { ...params, level: wanted } });
    } else if (this.#server.forAll && method.startsWith('tasks/')) {
      // Tasks outlive their call, and a server that all share cannot tell whose they are.
      const text = 'A server that all users share has no tasks.';
      this.#say(errorLine(request.id, ErrorCode.methodNotFound, text));
    } else this.#call(peer, request, line);
  }

  #subscribe(peer: Peer, request: RpcRequest, line: Buffer, uri: string): void {
    const { subscriptions } = this.#server.members;
    const problem = subscriptionProblem(uri, subscriptions.countBeside(uri, this));
    if (problem !== undefined) return this.#say(errorLine(request.id, ErrorCode.invalidParams, problem));
    this.#call(peer, request, line, (answer) => {
      if (answer.error === undefined) subscriptions.add(uri, this);
    });
  }

  #call(peer: Peer, request: RpcRequest, line?: Buffer, onAnswer?: (answer: RpcResponse) => void): void {
    const handlers = {
      onAnswer: (answer: RpcResponse, answerLine: Buffer): void => {
        this.#calls.delete(request.id);
        onAnswer?.(answer);
        this.#say(answerLine);
      },
      onProgress: (_message: RpcNotification, progressLine: Buffer): void => this.#say(progressLine),
    };
    this.#calls.set(request.id, peer.call(request, handlers, line));
  }

  #notification(peer: Peer, { method, params }: RpcNotification): void {
    if (method === 'notifications/cancelled') {
      const id = params?.['requestId'];
      const call = isId(id) ? this.#calls.get(id) : undefined;
      if (call === undefined) return;
      this.#calls.delete(call.request.id);
      this.#server.members.gaveUp(this);
      const reason = params?.['reason'];
      call.cancel(typeof reason === 'string' ? reason : 'The client cancelled this request.');
    } else if (method !== 'notifications/initialized' && !this.#server.forAll) peer.notify(method, params);
  }

  /** Answers `initialize` as the child did, but in the version that the client asks for where the child's is as new. */
  #initialize({ id, params }: RpcRequest): void {
    const own = this.#server.peer?.initialized;
    if (own === undefined) {
      const text = 'The server ended before it could be asked; try again.';
      return this.#say(errorLine(id, ErrorCode.server, text));
    }
    this.#capabilities = params?.['capabilities'];
    const capabilities = { ...(own['capabilities'] as object | undefined) };
    if (this.#server.forAll && 'tasks' in capabilities) delete capabilities.tasks;
    const protocolVersion = negotiated(params?.['protocolVersion'], own.protocolVersion);
    this.#answer(id, { ...own, protocolVersion, capabilities });
  }

  #say(line: Buffer): void {
    if (!this.#ended) this.#handlers.onLine(line);
  }

  #answer(id: RpcId, result: object): void {
    const line = lineOf(JSON.stringify({ jsonrpc: '2.0', id, result }));
    this.#say(line.subarray(0, -1));
  }
}

/**
 * "If the server supports the requested protocol version, it MUST respond with the same version. Otherwise, the server MUST
 * respond with another protocol version it supports." A server that knows a version is taken to know the earlier ones.
 */
export function negotiated(requested: unknown, own: string): string {
  const versions: readonly unknown[] = HANDSHAKE_VERSIONS;
  const [wanted, newest] = [versions.indexOf(requested), versions.indexOf(own)];
  return wanted !== -1 && newest !== -1 && wanted >= newest ? String(requested) : own;
}
