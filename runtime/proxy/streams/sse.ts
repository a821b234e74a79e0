/** Server-sent events (WHATWG HTML §9.2) as Streamable HTTP uses them: one JSON-RPC message per event. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

const PREFIX = Buffer.from('event: message\ndata: ');
const PREFIX_OF_NOTHING = Buffer.from('data: ');
const SUFFIX = Buffer.from('\n\n');
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;

/** In the place of a message: "an SSE event consisting of an event ID and an empty data field" (MCP 2025-11-25). */
export const PRIMING = Buffer.alloc(0);

/** `no-transform`: a compressing middle box would hold events back. `X-Accel-Buffering` says the same to nginx. */
export const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const;

/** One connection that carries events. */
export class SseStream {
  readonly #res: ServerResponse;
  readonly #maxBufferedBytes: number;
  readonly #onWrite: ((res: ServerResponse) => void) | undefined;

  /**
   * Sends the headers at once, so that the client knows that it is connected.
   * @param maxBufferedBytes a reader that is further behind than this is cut off
   * @param onWrite called after each event that was written
   */
  constructor(
    res: ServerResponse,
    maxBufferedBytes: number,
    headers: OutgoingHttpHeaders = {},
    onWrite?: (res: ServerResponse) => void,
  ) {
    this.#onWrite = onWrite;
    this.#res = res;
    this.#maxBufferedBytes = maxBufferedBytes;
    res.writeHead(200, { ...STREAM_HEADERS, ...headers });
    res.flushHeaders();
  }

  get open(): boolean {
    return !this.#res.writableEnded && !this.#res.destroyed;
  }

  /** @param listener called when the connection is over, whoever ended it */
  onClose(listener: () => void): void {
    this.#res.on('close', listener);
  }

  /**
   * @param line one JSON-RPC message without a newline
   * @returns false when the stream is closed, or has just been closed because its reader is too slow
   */
  send(line: Buffer): boolean {
    return this.sendEvent(eventOf(line));
  }

  /** @param event what `eventOf` gave */
  sendEvent(event: Buffer): boolean {
    if (!this.open) return false;
    if (this.#res.writableLength > this.#maxBufferedBytes) {
      this.#res.destroy();
      return false;
    }
    this.#res.write(event);
    this.#onWrite?.(this.#res);
    return true;
  }

  /** A comment: ignored by clients, seen by middle boxes, and a write that fails once the peer is gone. */
  keepAlive(): void {
    if (this.open) this.#res.write(': keep-alive\n\n');
  }

  /** @param retryMs when the client may come again, in milliseconds */
  end(retryMs?: number): void {
    if (!this.open) return;
    if (retryMs === undefined) this.#res.end();
    else this.#res.end(`retry: ${retryMs}\n\n`);
  }

  destroy(): void {
    this.#res.destroy();
  }
}

/** Replies with a stream on which nothing is said. */
export function replyEmptyStream(res: ServerResponse, headers?: OutgoingHttpHeaders): void {
  if (!res.headersSent && !res.destroyed) new SseStream(res, 0, headers).end();
}

/** @returns an event with `line`, one JSON-RPC message without a newline, as its data */
export function eventOf(line: Buffer, id?: string): Buffer {
  const data = withoutCarriageReturns(line);
  if (id === undefined) return Buffer.concat([PREFIX, data, SUFFIX]);
  return Buffer.concat([
    Buffer.from(`id: ${id}\n`),
    line === PRIMING ? PREFIX_OF_NOTHING : PREFIX,
    data,
    SUFFIX,
  ]);
}

/** A raw CR ends a line in an event stream; in JSON it can only be white space between tokens. */
function withoutCarriageReturns(line: Buffer): Buffer {
  if (!line.includes(CARRIAGE_RETURN)) return line;
  return Buffer.from(line.map((byte) => (byte === CARRIAGE_RETURN ? SPACE : byte)));
}
