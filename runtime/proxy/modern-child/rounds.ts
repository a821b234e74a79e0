/**
 * A call to a child of 2026-07-28 that asks its client something, seen from a client with a handshake: each question of an
 * `input_required` is a request of the server's, and when all are answered the call is made again with the answers (MCP
 * 2026-07-28, Multi Round-Trip Requests).
 */
import { isObject, type RpcId, type RpcRequest, type RpcResponse } from '../messages/json-rpc.ts';
import type { Members } from '../modern/envelope/envelope.ts';

/** More than any client's own bound. */
const MAX_ROUNDS = 32;
/** In one round. */
const MAX_QUESTIONS = 256;

interface Round {
  /** As the client made it. */
  request: RpcRequest;
  count: number;
  /** Of the child's questions: our id for the client, and the key of the answer. */
  open: Map<RpcId, string>;
  answers: Members;
  requestState: unknown;
}

export interface RoundsOptions {
  /** Asks the client under an id of ours. */
  ask(id: string, method: string, params: Members | undefined): void;
  /** Makes the call again, under another id. */
  again(request: RpcRequest, more: Members, count: number): void;
  fail(request: RpcRequest, message: string): void;
  nextId(): string;
}

export class Rounds {
  readonly #options: RoundsOptions;
  readonly #byQuestion = new Map<RpcId, Round>();

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  /** @param count how many rounds the call has had */
  begin(request: RpcRequest, result: Members, count: number): void {
    if (count >= MAX_ROUNDS) return this.#options.fail(request, `The server asked ${MAX_ROUNDS} times.`);
    const { inputRequests, requestState } = result;
    const asked = Object.entries(isObject(inputRequests) ? inputRequests : {});
    if (asked.length > MAX_QUESTIONS)
      return this.#options.fail(request, `The server asked more than ${MAX_QUESTIONS} things at once.`);
    const round: Round = { request, count, open: new Map(), answers: {}, requestState };
    for (const [key, question] of asked) {
      if (!isObject(question) || typeof question['method'] !== 'string') continue;
      const id = this.#options.nextId();
      round.open.set(id, key);
      this.#byQuestion.set(id, round);
      const { method, params } = question;
      this.#options.ask(id, method, isObject(params) ? params : undefined);
    }
    if (round.open.size === 0) this.#complete(round);
  }

  /** Takes a client's answer. @returns false when it answers no question of ours */
  answer({ id, result, error }: RpcResponse): boolean {
    const round = id === null ? undefined : this.#byQuestion.get(id);
    if (id === null || round === undefined) return false;
    const key = round.open.get(id) ?? '';
    round.open.delete(id);
    this.#byQuestion.delete(id);
    if (error !== undefined) {
      this.drop(round.request.id);
      const why = typeof error['message'] === 'string' ? error['message'] : 'no reason given';
      this.#options.fail(round.request, `The client did not answer the server: ${why}`);
      return true;
    }
    round.answers[key] = result;
    if (round.open.size === 0) this.#complete(round);
    return true;
  }

  /** The call is over for its client. @returns whether it was waiting for answers */
  drop(requestId: RpcId): boolean {
    let found = false;
    for (const [id, { request }] of this.#byQuestion) {
      if (request.id === requestId) found = this.#byQuestion.delete(id);
    }
    return found;
  }

  #complete({ request, count, answers, requestState }: Round): void {
    const state = requestState === undefined ? {} : { requestState };
    this.#options.again(request, { inputResponses: answers, ...state }, count + 1);
  }
}
