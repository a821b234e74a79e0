/**
 * One request without a session on its way through a child of the handshake era. What the child asks meanwhile ends the
 * round: the client gets the questions as `input_required` and continues the same call in the same child with its answers
 * (MCP 2026-07-28, Multi Round-Trip Requests).
 */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { CallerContext } from '../../config/context.ts';
import { parseExact, plainText } from '../messages/exact-json.ts';
import {
  ErrorCode,
  errorLine,
  errorText,
  isId,
  isObject,
  progressTokenOf,
  type RpcId,
  type RpcNotification,
  type RpcRequest,
  type RpcResponse,
} from '../messages/json-rpc.ts';
import { passesLevel } from '../messages/log-level.ts';
import { declares } from '../models/shared/declares.ts';
import type { PeerCall } from '../peer/peer-types.ts';
import { progressLine, withId } from '../peer/rewrite.ts';
import { visiblePart } from '../tool-access.ts';
import { without, withoutEnvelope, type Envelope, type Members } from './envelope/envelope.ts';
import { capabilityFor, isAnswerTo, MAY_ASK } from './envelope/input-requests.ts';
import type { ActiveCall, PooledPeer } from './places/pooled-peer.ts';
import type { Reply } from './reply.ts';

export interface CallHost {
  /** Called when the round ends with questions. @returns the `requestState` */
  park(call: ModernCall): string;
  /** Called once, when the call needs its child no longer. */
  over(call: ModernCall): void;
}

/** One round: a POST and what it said. */
export interface Round {
  caller: CallerContext;
  request: RpcRequest;
  envelope: Envelope;
  reply: Reply;
}

interface Question {
  id: RpcId;
  method: string;
  params: unknown;
}

/** Servers that ask several things at once write them one after the other. */
const SETTLE_MS = 5;
/** Code of a resource that is not there, before 2026-07-28. */
const RESOURCE_NOT_FOUND = -32002;

export class ModernCall implements ActiveCall {
  readonly user: string;
  readonly pooled: PooledPeer;
  /** How often the client has been asked. */
  round = 0;
  /** The child has asked something, so that it may do so again when the call is given up. */
  hasAsked = false;
  /** The child was told to stop, which it may not do. */
  givenUp = false;
  #id: string | undefined;
  readonly #host: CallHost;
  readonly #asked: Members;
  readonly #questions = new Map<string, Question>();
  #current: Round | undefined;
  /** Answers that came with the request, before anything was asked. */
  #offered: Members;
  #call: PeerCall | undefined;
  #answer: { message: RpcResponse; line: Buffer } | undefined;
  #settling: NodeJS.Timeout | undefined;
  #over = false;

  constructor(round: Round, pooled: PooledPeer, host: CallHost) {
    this.user = round.caller.sub;
    this.pooled = pooled;
    this.#host = host;
    this.#current = round;
    this.#asked = withoutEnvelope(round.request.params ?? {});
    this.#offered = answersOf(round.request);
  }

  /** Sends the request to the child. */
  start(request: RpcRequest): void {
    this.#call = this.pooled.peer.call(
      { ...request, params: this.#asked },
      {
        onAnswer: (message, line) => this.#answered(message, line),
        onProgress: (message, line) => this.#progressed(message, line),
      },
    );
  }

  /** Made when it is asked for: few calls are ever parked. */
  get id(): string {
    return (this.#id ??= randomUUID());
  }

  /** @returns whether a retry asks for the same as the request that it continues */
  continues({ request }: Round): boolean {
    const before = without(this.#asked, '_meta');
    const now = without(withoutEnvelope(request.params ?? {}), '_meta');
    return request.method === this.#call?.request.method && isDeepStrictEqual(before, now);
  }

  /** @returns why an answer does not fit its question, or undefined */
  misfit(request: RpcRequest): string | undefined {
    for (const [key, answer] of Object.entries(answersOf(request))) {
      const question = this.#questions.get(key);
      if (question !== undefined && !isAnswerTo(question.method, answer)) return key;
    }
    return undefined;
  }

  /** Takes the client's answers; what is still open is asked again. */
  resume(round: Round): void {
    this.#current = round;
    this.#offered = answersOf(round.request);
    for (const [key, question] of this.#questions) this.#respond(key, question);
    if (this.#answer !== undefined) {
      const { message, line } = this.#answer;
      this.#deliver({ ...message, id: round.request.id }, withId(line, round.request.id) ?? line);
    } else if (this.#questions.size > 0) this.#settle();
  }

  /** Nobody waits for the answer any more. */
  abandon(reason: string): void {
    if (this.#over) return;
    this.#call?.cancel(reason);
    this.givenUp = true;
    this.#end();
  }

  /** Ends the round with an error of ours; the child is told to stop. */
  fail(text: string, status: number): void {
    const { reply } = this.#current ?? {};
    this.abandon('The call has failed.');
    reply?.answer(Buffer.from(text), status);
  }

  asked(message: RpcRequest, line: Buffer): boolean {
    const { method } = message;
    const needed = capabilityFor(method);
    if (needed === undefined || this.#over) return false;
    this.hasAsked = true;
    if (!MAY_ASK.has(this.#call?.request.method ?? '')) return false;
    if (this.#current !== undefined && !declares(this.#current.envelope.capabilities, message)) {
      const text = `The server needs a client with the capability ${needed}.`;
      const mode = message.params?.['mode'] === 'url' ? { url: {} } : {};
      const data = { requiredCapabilities: { [needed]: mode } };
      const error = errorText(this.#current.request.id, ErrorCode.missingCapability, text, data);
      // Not within the handler: the peer first notes that the request is refused.
      queueMicrotask(() => this.fail(error, 400));
      return false;
    }
    const exact = parseExact(line.toString('utf8'));
    const key = this.#keyOf(message.id);
    const question = { id: message.id, method, params: isObject(exact) ? exact['params'] : message.params };
    this.#questions.set(key, question);
    if (this.#current === undefined || this.#respond(key, question)) return true;
    this.#settle();
    return true;
  }

  told(message: RpcNotification, line: Buffer): void {
    const { method, params } = message;
    if (method === 'notifications/cancelled') {
      const id = params?.['requestId'];
      for (const [key, question] of this.#questions) if (question.id === id) this.#questions.delete(key);
    }
    const wanted = this.#current?.envelope.logLevel;
    if (method !== 'notifications/message' || wanted === undefined) return;
    if (passesLevel(params?.['level'], wanted)) this.#current?.reply.send(line);
  }

  /** The child's own id, as text; ids 1 and "1" are two. */
  #keyOf(id: RpcId): string {
    const key = String(id);
    return this.#questions.has(key) ? `${typeof id}:${key}` : key;
  }

  /** @returns whether the client has answered this */
  #respond(key: string, question: Question): boolean {
    if (!Object.hasOwn(this.#offered, key)) return false;
    const { [key]: result, ...rest } = this.#offered;
    this.#offered = rest;
    if (!isAnswerTo(question.method, result)) return false;
    this.#questions.delete(key);
    this.pooled.respond(question.id, result);
    return true;
  }

  #settle(): void {
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      this.#ask();
    }, SETTLE_MS);
  }

  /** Ends the round with what the child wants to know. */
  #ask(): void {
    const current = this.#current;
    if (current === undefined || this.#over || this.#questions.size === 0) return;
    this.#current = undefined;
    this.round += 1;
    const asked = [...this.#questions].map(([key, { method, params }]) => [key, { method, params }]);
    const inputRequests = Object.fromEntries(asked) as Members;
    const requestState = this.#host.park(this);
    const result = { resultType: 'input_required', inputRequests, requestState };
    current.reply.answer(Buffer.from(this.pooled.results.text(current.request.id, result)));
  }

  #progressed(message: RpcNotification, line: Buffer): void {
    if (this.#current === undefined) return;
    const token = progressTokenOf(this.#current.request);
    if (!isId(token)) return;
    const same = token === message.params?.['progressToken'];
    const own = same ? line : progressLine(message, line, token);
    if (own !== undefined) this.#current.reply.send(own);
  }

  #answered(message: RpcResponse, line: Buffer): void {
    if (this.#over) return;
    if (this.#current === undefined) {
      // Kept for the client that is about to come back. A copy: the line may be a view of a larger chunk.
      this.#answer = { message, line: Buffer.from(line) };
      return;
    }
    const { id } = this.#current.request;
    if (id === message.id) this.#deliver(message, line);
    else this.#deliver({ ...message, id }, withId(line, id) ?? line);
  }

  #deliver(message: RpcResponse, line: Buffer): void {
    const { reply, request, caller } = this.#current ?? {};
    this.#end();
    if (reply === undefined || request === undefined) return;
    if (message.error !== undefined) return answerError(reply, request, message, line);
    const visible = visiblePart({ request, tools: caller?.tools }, line);
    reply.answer(this.pooled.results.complete(request.method, message, visible));
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#settling);
    this.#current = undefined;
    this.#host.over(this);
  }
}

/** "If the server does not implement the requested RPC method, it MUST respond with 404 Not Found" (Streamable HTTP). */
function answerError(reply: Reply, request: RpcRequest, message: RpcResponse, line: Buffer): void {
  const code = message.error?.['code'];
  if (code === RESOURCE_NOT_FOUND && request.method === 'resources/read') {
    const text = `Resource not found: ${plainText(request.params?.['uri'])}`;
    const data = message.error?.['data'] ?? { uri: request.params?.['uri'] };
    return reply.answer(errorLine(request.id, ErrorCode.invalidParams, text, data));
  }
  reply.answer(line, code === ErrorCode.methodNotFound ? 404 : 200);
}

function answersOf({ params }: RpcRequest): Members {
  const answers = params?.['inputResponses'];
  return isObject(answers) ? answers : {};
}
