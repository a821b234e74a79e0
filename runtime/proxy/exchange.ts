/** One POST that carries requests, until each of them is answered: as JSON, or as a stream once there is more to say. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Accepts } from './http.ts';
import { replyJson } from './http.ts';
import { SseStream } from './sse.ts';

export interface ExchangeOptions {
  /** How many answers are due. */
  requests: number;
  /** The body was an array, so the answer is one. */
  batch: boolean;
  accepts: Accepts;
  maxBufferedBytes: number;
  /** Milliseconds since the epoch. */
  openedAtMs: number;
  /** Of a stream, which begins before the answer is known. */
  streamHeaders?: OutgoingHttpHeaders | undefined;
}

/** How an answer that goes out as JSON is sent. */
export interface AnswerOptions {
  status?: number;
  headers?: OutgoingHttpHeaders;
}

export class Exchange {
  readonly openedAtMs: number;
  readonly #res: ServerResponse;
  readonly #options: ExchangeOptions;
  #remaining: number;
  #answers: Buffer[] = [];
  #stream: SseStream | undefined;

  constructor(res: ServerResponse, options: ExchangeOptions) {
    this.#res = res;
    this.#options = options;
    this.#remaining = options.requests;
    this.openedAtMs = options.openedAtMs;
  }

  /** Every answer has been given. */
  get done(): boolean {
    return this.#remaining === 0;
  }

  /** More than the answers can be sent on it. */
  get canStream(): boolean {
    return this.#remaining > 0 && this.#options.accepts.stream && !this.#res.destroyed;
  }

  /**
   * Sends a message of the server's own, which makes this exchange a stream.
   * @returns false when it did not go out
   */
  send(line: Buffer): boolean {
    return this.canStream && this.#upgrade().send(line);
  }

  /** Shows the client and everything between that the call is alive. */
  keepAlive(): void {
    if (this.canStream) this.#upgrade().keepAlive();
  }

  /** Takes one answer, and replies when it was the last that was due. */
  answer(line: Buffer, { status = 200, headers }: AnswerOptions = {}): void {
    if (this.#remaining === 0) return;
    if (!this.#options.accepts.json) this.#upgrade();
    this.#remaining -= 1;
    if (this.#stream !== undefined) {
      this.#stream.send(line);
    } else if (this.#options.batch) {
      // A copy: the line may be a view of a chunk that is used again.
      this.#answers.push(Buffer.from(line));
    } else {
      replyJson(this.#res, status, line, headers);
    }
    if (this.#remaining === 0) this.#complete();
  }

  /** Counts one request as given up by its client, which wants no answer to it. */
  withdraw(errorLine: Buffer): void {
    if (!this.#options.accepts.stream || this.#options.batch) {
      this.answer(errorLine);
      return;
    }
    this.#upgrade();
    this.#remaining -= 1;
    if (this.#remaining === 0) this.#complete();
  }

  #complete(): void {
    if (this.#stream !== undefined) this.#stream.end();
    else if (this.#options.batch) replyJson(this.#res, 200, jsonArray(this.#answers));
  }

  #upgrade(): SseStream {
    if (this.#stream !== undefined) return this.#stream;
    this.#stream = new SseStream(this.#res, this.#options.maxBufferedBytes, this.#options.streamHeaders);
    for (const line of this.#answers) this.#stream.send(line);
    this.#answers = [];
    return this.#stream;
  }
}

function jsonArray(lines: Buffer[]): Buffer {
  const parts: Buffer[] = [];
  for (const line of lines) parts.push(Buffer.from(parts.length === 0 ? '[' : ','), line);
  parts.push(Buffer.from(']'));
  return Buffer.concat(parts);
}
