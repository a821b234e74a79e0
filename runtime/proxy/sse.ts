/** Server-sent events (WHATWG HTML §9.2) as Streamable HTTP uses them: one JSON-RPC message per event. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

const PREFIX = Buffer.from('event: message\ndata: ');
const SUFFIX = Buffer.from('\n\n');
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;

export class SseStream {
  readonly #res: ServerResponse;
  readonly #maxBufferedBytes: number;

  /**
   * Sends the headers at once, so that the client knows that it is connected.
   * @param maxBufferedBytes a reader that is further behind than this is cut off
   */
  constructor(res: ServerResponse, maxBufferedBytes: number, headers: OutgoingHttpHeaders = {}) {
    this.#res = res;
    this.#maxBufferedBytes = maxBufferedBytes;
    res.writeHead(200, {
      'content-type': 'text/event-stream',
      // no-transform: a compressing middle box would hold events back. X-Accel-Buffering says the same to nginx.
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...headers,
    });
    res.flushHeaders();
  }

  get open(): boolean {
    return !this.#res.writableEnded && !this.#res.destroyed;
  }

  /**
   * @param line one JSON-RPC message without a newline
   * @returns false when the stream is closed, or has just been closed because its reader is too slow
   */
  send(line: Buffer): boolean {
    if (!this.open) return false;
    if (this.#res.writableLength > this.#maxBufferedBytes) {
      this.#res.destroy();
      return false;
    }
    this.#res.write(Buffer.concat([PREFIX, withoutCarriageReturns(line), SUFFIX]));
    return true;
  }

  /** A comment: ignored by clients, seen by middle boxes, and a write that fails once the peer is gone. */
  keepAlive(): void {
    if (this.open) this.#res.write(': keep-alive\n\n');
  }

  end(): void {
    if (this.open) this.#res.end();
  }
}

/** A raw CR ends a line in an event stream; in JSON it can only be white space between tokens. */
function withoutCarriageReturns(line: Buffer): Buffer {
  if (!line.includes(CARRIAGE_RETURN)) return line;
  return Buffer.from(line.map((byte) => (byte === CARRIAGE_RETURN ? SPACE : byte)));
}
