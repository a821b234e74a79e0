/**
 * Newline-delimited framing of the stdio transport (MCP 2025-11-25, Transports, stdio: "Messages are delimited by
 * newlines, and MUST NOT contain embedded newlines"). Works on bytes, so a character that is split between two chunks
 * stays whole.
 */

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
/** How much of both ends of an over-long line is kept, in bytes: enough to find an id or to recognise it in a log. */
const FRAGMENT_BYTES = 512;

export interface LineHandlers {
  /** One line without its end (`\n` or `\r\n`), never empty. Valid until the handler returns unless copied. */
  onLine(line: Buffer): void;
  /** A line longer than the limit: its first and last bytes and its length in bytes. The rest was dropped. */
  onTooLong(head: Buffer, tail: Buffer, bytes: number): void;
}

export class LineSplitter {
  readonly #maxBytes: number;
  readonly #handlers: LineHandlers;
  /** The line so far, when it began in an earlier chunk. Grows by doubling, so that 10 MB in 64 kB chunks is linear. */
  #partial: Buffer | undefined;
  #length = 0;
  /** Set while a line is longer than the limit. */
  #overflow: { head: Buffer; tail: Buffer } | undefined;

  /** @param maxBytes the longest line that is delivered whole */
  constructor(maxBytes: number, handlers: LineHandlers) {
    this.#maxBytes = maxBytes;
    this.#handlers = handlers;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end === -1) break;
      this.#finish(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** Delivers what came after the last newline. */
  flush(): void {
    this.#finish(Buffer.alloc(0));
  }

  #finish(last: Buffer): void {
    if (this.#length === 0 && last.length <= this.#maxBytes) {
      this.#emit(last);
      return;
    }
    this.#keep(last);
    const { head, tail } = this.#overflow ?? {};
    const length = this.#length;
    const line = this.#partial?.subarray(0, length);
    this.#partial = undefined;
    this.#overflow = undefined;
    this.#length = 0;
    if (head !== undefined && tail !== undefined) this.#handlers.onTooLong(head, tail, length);
    else if (line !== undefined) this.#emit(line);
  }

  #emit(line: Buffer): void {
    const end = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length;
    if (end > 0) this.#handlers.onLine(end === line.length ? line : line.subarray(0, end));
  }

  #keep(piece: Buffer): void {
    const total = this.#length + piece.length;
    if (this.#overflow !== undefined) {
      this.#overflow.tail = lastBytes(this.#overflow.tail, piece);
    } else if (total > this.#maxBytes) {
      const soFar = this.#partial?.subarray(0, this.#length) ?? Buffer.alloc(0);
      const head = Buffer.concat([soFar.subarray(0, FRAGMENT_BYTES), piece.subarray(0, FRAGMENT_BYTES)]);
      this.#overflow = { head: head.subarray(0, FRAGMENT_BYTES), tail: lastBytes(soFar, piece) };
      this.#partial = undefined;
    } else {
      this.#append(piece, total);
    }
    this.#length = total;
  }

  #append(piece: Buffer, total: number): void {
    if (this.#partial === undefined || this.#partial.length < total) {
      const grown = Buffer.allocUnsafe(Math.max(total, Math.min(this.#maxBytes, total * 2)));
      this.#partial?.copy(grown, 0, 0, this.#length);
      this.#partial = grown;
    }
    piece.copy(this.#partial, this.#length);
  }
}

function lastBytes(before: Buffer, piece: Buffer): Buffer {
  if (piece.length >= FRAGMENT_BYTES) return Buffer.from(piece.subarray(-FRAGMENT_BYTES));
  return Buffer.concat([before.subarray(-FRAGMENT_BYTES), piece]).subarray(-FRAGMENT_BYTES);
}

/** @returns a message as the line that a server reads. @param text JSON */
export function lineOf(text: string): Buffer {
  return toOneLine(Buffer.from(`${text}\n`));
}

/**
 * Makes a message one line, in place: outside strings a line break is white space, and inside one JSON does not allow it. A
 * carriage return is one for servers that read text with universal newlines, as Python's do.
 * @param message valid JSON with a newline as its last byte
 */
export function toOneLine(message: Buffer): Buffer {
  for (const lineBreak of [NEWLINE, CARRIAGE_RETURN]) {
    let at = message.indexOf(lineBreak);
    for (; at !== -1 && at < message.length - 1; at = message.indexOf(lineBreak, at + 1)) message[at] = SPACE;
  }
  return message;
}
