/**
 * What a child of 2026-07-28 looks like to a client with a handshake: stands between the child and its owner, which speaks
 * the handshake era and notices nothing. A child of that era is left alone as soon as it has answered `initialize`.
 *
 * A client with a handshake has come first, so its `initialize` is what an unknown child gets first, too: a probe would
 * cost every first session a round trip. Only a child that refuses it is asked with `server/discover` (MCP 2026-07-28,
 * stdio, "Backward Compatibility" has the probe the other way round for clients that begin as modern ones).
 */
import { randomUUID } from 'node:crypto';
import type { Child, ChildHandlers } from '../child/child.ts';
import { HANDSHAKE_VERSIONS, MODERN_VERSION } from '../http.ts';
import { parseExact } from '../messages/exact-json.ts';
import { lineOf } from '../messages/framing.ts';
import {
  classify,
  ErrorCode,
  errorText,
  isId,
  isObject,
  textOf,
  type RpcId,
  type RpcNotification,
  type RpcRequest,
  type RpcResponse,
} from '../messages/json-rpc.ts';
import { isLogLevel, LOG_LEVELS, type LogLevel } from '../messages/log-level.ts';
import { META, without, type Members } from '../modern/envelope/envelope.ts';
import type { KnownEra } from './era.ts';
import { Listening } from './listening.ts';
import { Rounds } from './rounds.ts';

/** How long a child that has refused `initialize` may take to say whether it is of the other era. */
const DISCOVER_TIMEOUT_MS = 3000;

/** A call in the child, under the id that the child knows. */
interface Call {
  request: RpcRequest;
  count: number;
}

export class HandshakeFace implements ChildHandlers {
  readonly #child: Child;
  readonly #owner: ChildHandlers;
  readonly #era: KnownEra;
  readonly #rounds: Rounds;
  readonly #listening: Listening;
  readonly #calls = new Map<RpcId, Call>();
  /** Ids of ours cannot be the client's. */
  readonly #prefix = `mcpgw-${randomUUID()}-`;
  #lastId = 0;
  #initialize: RpcRequest | undefined;
  #discoverId: string | undefined;
  /** What the child answered to `initialize`, in case that it is no modern one either. */
  #refusal: Buffer | undefined;
  #silence: NodeJS.Timeout | undefined;
  #logLevel: LogLevel | undefined;

  /** @param owner what the child's owner listens with */
  constructor(child: Child, owner: ChildHandlers, era: KnownEra) {
    this.#child = child;
    this.#owner = owner;
    this.#era = era;
    const nextId = (): string => `${this.#prefix}${(this.#lastId += 1)}`;
    this.#rounds = new Rounds({
      nextId,
      ask: (id, method, params) => this.#toOwner(textOf({ kind: 'request', id, method, params })),
      again: (request, more, count) => this.#call(nextId(), request, more, count),
      fail: ({ id }, message) => this.#toOwner(errorText(id, ErrorCode.server, message)),
    });
    this.#listening = new Listening({
      nextId,
      listen: (id, notifications) => this.#send(id, 'subscriptions/listen', { notifications }),
      end: (requestId) => this.#toChild('notifications/cancelled', { requestId, reason: 'Replaced.' }),
    });
    child.interceptor = (line) => this.#fromOwner(line);
  }

  onLine(line: Buffer): void {
    const text = line.toString('utf8');
    let values: unknown[];
    try {
      const value = parseExact(text);
      values = Array.isArray(value) ? value : [value];
    } catch {
      return this.#owner.onLine(line);
    }
    for (const value of values) {
      const message = classify(value);
      if (message === undefined) this.#owner.onLine(line);
      else if (message.kind === 'response') this.#answered(message, line);
      else if (message.kind === 'notification' && this.#era.handshake === false) this.#notified(message);
      // Servers of the era make no requests; `ping` before the answer to `initialize` is one of the other.
      else this.#owner.onLine(line);
    }
  }

  onTooLong(head: Buffer, tail: Buffer, bytes: number): void {
    this.#owner.onTooLong(head, tail, bytes);
  }

  onEnd(reason: string): void {
    this.#owner.onEnd(reason);
  }

  onEnding(): void {
    this.#owner.onEnding?.();
  }

  onGone(): void {
    this.#owner.onGone?.();
  }

  #fromOwner(line: Buffer): void {
    const message = classify(parseExact(line.toString('utf8')));
    if (message === undefined) return;
    if (message.kind === 'request') this.#requested(message, line);
    else if (this.#era.handshake !== false) this.#child.send(line);
    else if (message.kind === 'response') this.#rounds.answer(message);
    else if (message.method === 'notifications/cancelled') this.#cancelled(message);
    // Of what else a client tells on its own, the era knows nothing.
  }

  #requested(request: RpcRequest, line: Buffer): void {
    const { id, method, params } = request;
    if (method === 'initialize') {
      this.#initialize = request;
      if (this.#era.handshake === false) this.#discover();
      else this.#child.send(line);
    } else if (this.#era.handshake !== false) this.#child.send(line);
    else if (method === 'ping') this.#toOwner(textOf({ kind: 'response', id, result: {} }));
    else if (method === 'logging/setLevel') {
      const level = params?.['level'];
      if (!isLogLevel(level)) return this.#toOwner(errorText(id, ErrorCode.invalidParams, NO_LEVEL));
      this.#logLevel = level;
      this.#toOwner(textOf({ kind: 'response', id, result: {} }));
    } else if (method === 'resources/subscribe' || method === 'resources/unsubscribe') {
      const problem = this.#listening.change(String(params?.['uri']), method === 'resources/subscribe');
      if (problem === undefined) this.#toOwner(textOf({ kind: 'response', id, result: {} }));
      else this.#toOwner(errorText(id, ErrorCode.invalidParams, problem));
    } else this.#call(id, request, {}, 0);
  }

  #discover(): void {
    this.#discoverId = `${this.#prefix}discover`;
    this.#send(this.#discoverId, 'server/discover', {});
  }

  #call(id: RpcId, request: RpcRequest, more: Members, count: number): void {
    this.#calls.set(id, { request, count });
    this.#send(id, request.method, { ...request.params, ...more });
  }

  /** Sends a request of the era: what the client said once stands in each. */
  #send(id: RpcId, method: string, params: Members): void {
    const { capabilities, clientInfo } = this.#initialize?.params ?? {};
    const own = isObject(params['_meta']) ? params['_meta'] : {};
    const _meta = {
      ...own,
      [META.version]: MODERN_VERSION,
      [META.capabilities]: isObject(capabilities) ? capabilities : {},
      ...(isObject(clientInfo) ? { [META.clientInfo]: clientInfo } : {}),
      ...(this.#logLevel === undefined ? {} : { [META.logLevel]: this.#logLevel }),
    };
    this.#child.send(lineOf(textOf({ kind: 'request', id, method, params: { ...params, _meta } })));
  }

  #toChild(method: string, params: Members): void {
    this.#child.send(lineOf(textOf({ kind: 'notification', method, params })));
  }

  #toOwner(text: string): void {
    this.#owner.onLine(Buffer.from(text));
  }

  /** The client gave up a call, which the child may know under another id by now. */
  #cancelled({ params }: RpcNotification): void {
    const wanted = params?.['requestId'];
    if (!isId(wanted)) return;
    this.#rounds.drop(wanted);
    for (const [requestId, { request }] of this.#calls) {
      if (request.id !== wanted) continue;
      this.#calls.delete(requestId);
      this.#toChild('notifications/cancelled', { ...params, requestId });
    }
  }

  #answered(message: RpcResponse, line: Buffer): void {
    const { id } = message;
    if (id !== null && id === this.#discoverId) return this.#discovered(message);
    if (this.#era.handshake !== false) return this.#initialized(message, line);
    const call = id === null ? undefined : this.#calls.get(id);
    if (id === null || call === undefined) return;
    this.#calls.delete(id);
    const { request, count } = call;
    if (message.error !== undefined) return this.#toOwner(textOf({ ...message, id: request.id }));
    const result = isObject(message.result) ? message.result : {};
    if (result['resultType'] === 'input_required') return this.#rounds.begin(request, result, count);
    this.#toOwner(textOf({ kind: 'response', id: request.id, result: ofHandshakeEra(result) }));
  }

  /** The child has answered `initialize` itself, or refused it. */
  #initialized(message: RpcResponse, line: Buffer): void {
    if (message.id !== this.#initialize?.id) return this.#owner.onLine(line);
    if (message.error === undefined) {
      this.#era.handshake = true;
      return this.#standAside(line);
    }
    this.#refusal = Buffer.from(line);
    this.#discover();
    this.#silence = setTimeout(() => this.#standAside(this.#refusal ?? line), DISCOVER_TIMEOUT_MS).unref();
  }

  /** @param line the answer to `initialize` */
  #standAside(line: Buffer): void {
    clearTimeout(this.#silence);
    this.#child.interceptor = undefined;
    this.onLine = (each) => this.#owner.onLine(each);
    this.#owner.onLine(line);
  }

  #discovered({ result, error }: RpcResponse): void {
    clearTimeout(this.#silence);
    const { id = '', params } = this.#initialize ?? {};
    const versions = isObject(result) ? result['supportedVersions'] : undefined;
    if (!isObject(result) || !Array.isArray(versions) || !versions.includes(MODERN_VERSION)) {
      if (this.#refusal !== undefined) return this.#standAside(this.#refusal);
      return this.#toOwner(textOf({ kind: 'response', id, result: undefined, error: error ?? UNKNOWN }));
    }
    this.#era.handshake = false;
    this.#era.modern = true;
    const wanted = HANDSHAKE_VERSIONS.find((version) => version === params?.['protocolVersion']);
    const { capabilities, instructions, _meta } = result;
    const info = isObject(_meta) ? _meta[META.serverInfo] : undefined;
    const answer = {
      protocolVersion: wanted ?? HANDSHAKE_VERSIONS[0],
      capabilities,
      serverInfo: isObject(info) ? info : { name: 'unknown', version: '0' },
      ...(instructions === undefined ? {} : { instructions }),
    };
    this.#toOwner(textOf({ kind: 'response', id, result: answer }));
    this.#listening.begin(isObject(capabilities) ? capabilities : {});
  }

  #notified(message: RpcNotification): void {
    const { method, params } = message;
    if (method === 'notifications/subscriptions/acknowledged') return;
    const meta = isObject(params?.['_meta']) ? without(params['_meta'], META.subscription) : {};
    const rest = without(params ?? {}, '_meta');
    const left = Object.keys(meta).length === 0 ? rest : { ...rest, _meta: meta };
    this.#toOwner(textOf({ kind: 'notification', method, params: params === undefined ? undefined : left }));
  }
}

const NO_LEVEL = `level must be one of ${LOG_LEVELS.join(', ')}.`;
const UNKNOWN = { code: ErrorCode.internal, message: 'The server speaks no version that is known here.' };

/** @returns the result without what the handshake era does not know */
function ofHandshakeEra(result: Members): Members {
  const rest = without(result, 'resultType', 'ttlMs', 'cacheScope', '_meta');
  if (!isObject(result['_meta'])) return rest;
  const meta = without(result['_meta'], META.serverInfo);
  return Object.keys(meta).length === 0 ? rest : { ...rest, _meta: meta };
}
