/**
 * One POST that carries requests, until each of them is answered: as JSON, or as a stream once there is more to say. A
 * stream outlives its connection for a while, so that its client can come back for the answer. Without an event there is
 * no id to come back with, and nothing to wait for.
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Accepts } from '../http.ts';
import { replyJson } from '../http.ts';
import type { RpcId } from '../messages/json-rpc.ts';
import type { EventStream, StreamOwner } from './event-stream.ts';
import { replyEmptyStream } from './sse.ts';

export interface ExchangeOptions {
  /** How many answers are due. */
  requests: number;
  /** The body was an array, so the answer is one. */
  batch: boolean;
  accepts: Accepts;
  /** Milliseconds since the epoch. */
  openedAtMs: number;
  /** Makes `res` a stream of its session. */
  openStream: (res: ServerResponse, owner: StreamOwner, headers?: OutgoingHttpHeaders) => EventStream;
  /** Called after each reply as JSON. */
  onWrite: (res: ServerResponse) => void;
  /** How long a client that has lost its stream is waited for, in milliseconds. */
  resumeMs: number;
  /** Called when the client went away before everything was answered, and did not come back. */
  onGone: (exchange: Exchange) => void;
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
  #stream: EventStream | undefined;
  #wait: NodeJS.Timeout | undefined;

  constructor(res: ServerResponse, options: ExchangeOptions) {
    this.#res = res;
    this.#options = options;
    this.#remaining = options.requests;
    this.openedAtMs = options.openedAtMs;
    res.on('close', () => {
      if (this.#stream === undefined && !this.done) options.onGone(this);
    });
  }

  /** Every answer has been given. */
  get done(): boolean {
    return this.#remaining === 0;
  }

  /** More than the answers can be sent on it. */
  get canStream(): boolean {
    if (this.#remaining === 0 || !this.#options.accepts.stream) return false;
    return this.#stream?.connected ?? !this.#res.destroyed;
  }

  /**
   * Sends a message of the server's own, which makes this exchange a stream.
   * @param requestId of a request
   * @returns false when it did not go out and will not
   */
  send(line: Buffer, requestId?: RpcId): boolean {
    if (this.#remaining === 0) return false;
    if (this.#stream !== undefined) return this.#stream.send(line, requestId);
    return this.canStream && this.#upgrade().send(line, requestId);
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
      this.#options.onWrite(this.#res);
    }
    if (this.#remaining === 0) this.#complete();
  }

  /** Counts one request as given up by its client, which wants no answer to it. */
  withdraw(errorLine: Buffer): void {
    if (!this.#options.accepts.stream || this.#options.batch) {
      this.answer(errorLine);
      return;
    }
    this.#remaining -= 1;
    // Without an id, with which the client would come back for more.
    if (this.#stream === undefined) replyEmptyStream(this.#res, this.#options.streamHeaders);
    else this.#complete();
  }

  #complete(): void {
    clearTimeout(this.#wait);
    if (this.#stream !== undefined) this.#stream.end();
    else if (this.#options.batch) {
      replyJson(this.#res, 200, jsonArray(this.#answers));
      this.#options.onWrite(this.#res);
    }
  }

  #upgrade(): EventStream {
    if (this.#stream !== undefined) return this.#stream;
    const { openStream, streamHeaders } = this.#options;
    this.#stream = openStream(this.#res, this.#streamOwner(), streamHeaders);
    for (const line of this.#answers) this.#stream.send(line);
    this.#answers = [];
    return this.#stream;
  }

  #streamOwner(): StreamOwner {
    const { resumeMs, onGone } = this.#options;
    return {
      collects: true,
      onLost: () => {
        if (this.done) return;
        if (this.#stream?.resumable !== true) return onGone(this);
        clearTimeout(this.#wait);
        this.#wait = setTimeout(() => onGone(this), resumeMs).unref();
      },
      onResumed: () => clearTimeout(this.#wait),
    };
  }
}

function jsonArray(lines: Buffer[]): Buffer {
  const parts: Buffer[] = [];
  for (const line of lines) parts.push(Buffer.from(parts.length === 0 ? '[' : ','), line);
  parts.push(Buffer.from(']'));
  return Buffer.concat(parts);
}
