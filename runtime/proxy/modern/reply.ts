/** The reply to one request: JSON, or a stream once there is more to say than the answer (MCP 2026-07-28, Streamable HTTP). */
import type { ServerResponse } from 'node:http';
import { replyJson, type Accepts } from '../http.ts';
import { SseStream } from '../streams/sse.ts';

export interface ReplyOptions {
  /** A reader that is further behind than this is cut off. */
  maxBufferedBytes: number;
  /** Milliseconds since the epoch. */
  openedAtMs: number;
  /** Called after each write. */
  onWrite?: () => void;
}

export class Reply {
  readonly openedAtMs: number;
  readonly #res: ServerResponse;
  readonly #accepts: Accepts;
  readonly #options: ReplyOptions;
  #stream: SseStream | undefined;
  #done = false;

  constructor(res: ServerResponse, accepts: Accepts, options: ReplyOptions) {
    this.#res = res;
    this.#accepts = accepts;
    this.#options = options;
    this.openedAtMs = options.openedAtMs;
  }

  /** The answer has been given. */
  get done(): boolean {
    return this.#done;
  }

  /** Sends a notification, which makes this a stream; a client that takes only JSON gets none. */
  send(line: Buffer): void {
    if (this.#canStream) this.#upgrade().send(line);
  }

  /** Shows the client and everything between that the call is alive. */
  keepAlive(): void {
    if (this.#canStream) this.#upgrade().keepAlive();
  }

  /** @param status of an answer that goes out as JSON */
  answer(line: Buffer, status = 200): void {
    if (this.#done) return;
    if (!this.#accepts.json) this.#upgrade();
    this.#done = true;
    if (this.#stream === undefined) {
      replyJson(this.#res, status, line);
      this.#options.onWrite?.();
      return;
    }
    this.#stream.send(line);
    this.#stream.end();
  }

  get #canStream(): boolean {
    return !this.#done && this.#accepts.stream && !this.#res.destroyed;
  }

  #upgrade(): SseStream {
    const { maxBufferedBytes, onWrite } = this.#options;
    this.#stream ??= new SseStream(this.#res, maxBufferedBytes, {}, onWrite);
    return this.#stream;
  }
}
