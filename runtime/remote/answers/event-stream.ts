/**
 * An event stream on its way through (WHATWG HTML §9.2): read as events and written anew, so that what a server can say
 * in one is a message, an id and nothing else, and each message is seen once.
 */
import { StringDecoder } from 'node:string_decoder';

export interface EventRewrite {
  /** @returns the id as the client shall see it; undefined leaves it out */
  id: (id: string) => string | undefined;
  /** @returns the message as the client shall see it; the same text when nothing is changed */
  message: (text: string) => string;
}

/** A message is longer than it may be. */
export class EventTooLongError extends Error {
  override name = 'EventTooLongError';
}

export class EventStreamRewriter {
  readonly #rewrite: EventRewrite;
  readonly #maxBytes: number;
  readonly #decoder = new StringDecoder('utf8');
  /** Of a line that has not ended yet. */
  #parts: string[] = [];
  #partLength = 0;
  #afterReturn = false;
  /** Of the whole lines of an event that has not ended yet. */
  #length = 0;
  #event: string | undefined;
  #id: string | undefined;
  #retry: string | undefined;
  #data: string[] = [];

  /** @param maxBytes of one event, give or take what characters have in bytes */
  constructor(rewrite: EventRewrite, maxBytes: number) {
    this.#rewrite = rewrite;
    this.#maxBytes = maxBytes;
  }

  /**
   * @returns whole events, each with the empty line behind it; '' while none is complete
   * @throws EventTooLongError
   */
  push(chunk: Buffer): string {
    let text = this.#decoder.write(chunk);
    // A return at the end of a chunk and a feed at the start of the next are one line end.
    if (this.#afterReturn && text.startsWith('\n')) {
      text = text.slice(1);
      this.#afterReturn = false;
    }
    if (text === '') return '';
    this.#afterReturn = text.endsWith('\r');
    const lines = text.split(/\r\n|\n|\r/);
    const last = lines.pop() ?? '';
    let out = '';
    for (const line of lines) {
      out += this.#line(this.#parts.length === 0 ? line : this.#parts.join('') + line);
      this.#parts = [];
      this.#partLength = 0;
    }
    if (last !== '') this.#parts.push(last);
    this.#partLength += last.length;
    if (this.#length + this.#partLength > this.#maxBytes)
      throw new EventTooLongError(`an event is longer than ${this.#maxBytes} bytes`);
    return out;
  }

  #line(line: string): string {
    if (line === '') return this.#dispatch();
    this.#length += line.length;
    const colon = line.indexOf(':');
    if (colon === 0) return '';
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id') this.#id = value;
    else if (field === 'retry' && /^\d{1,9}$/.test(value)) this.#retry = value;
    return '';
  }

  #dispatch(): string {
    const id = this.#id === undefined || this.#id === '' ? undefined : this.#rewrite.id(this.#id);
    const text = this.#data.join('\n');
    const message = text === '' ? '' : this.#rewrite.message(text);
    const lines = [
      ...(this.#event === undefined ? [] : [`event: ${this.#event}`]),
      ...(id === undefined ? [] : [`id: ${id}`]),
      ...(this.#retry === undefined ? [] : [`retry: ${this.#retry}`]),
      ...(this.#data.length === 0 ? [] : message.split('\n').map((line) => `data: ${line}`)),
    ];
    this.#event = this.#id = this.#retry = undefined;
    this.#data = [];
    this.#length = 0;
    return lines.length === 0 ? '' : `${lines.join('\n')}\n\n`;
  }
}
