/**
 * What was sent on the streams of one session, so that a client whose connection broke can have it again (MCP 2025-11-25,
 * Transports, "Resumability and Redelivery"). Bounded in number, bytes and age; what all sessions of a service keep is
 * bounded together.
 */
import { randomBytes } from 'node:crypto';
import type { RpcId } from '../messages/json-rpc.ts';

/** How many messages of the largest size all sessions of a service may keep. */
const LARGEST_MESSAGES = 4;

export interface SentEvent {
  /** Of its stream, from 0. */
  sequence: number;
  /** The event as it went out, or would have. */
  bytes: Buffer;
  /** Of a request, which the server waits to be answered. */
  requestId: RpcId | undefined;
  /** It was written to a connection. */
  sent: boolean;
}

/** A stream, as far as what it sent goes. */
export interface ReplayStream {
  readonly number: number;
  /** Something may still be sent on it, or a client may still come for it. */
  readonly alive: boolean;
}

interface Kept<S> extends SentEvent {
  stream: S;
  sentAtMs: number;
}

interface Keeper {
  readonly bytes: number;
  dropOldest(): void;
}

/** The memory that the sessions of one service share. When it is used up, those who keep the most lose their oldest. */
export class ReplayBudget {
  readonly #maxBytes: number;
  readonly #sessions = new Set<Keeper>();
  #bytes = 0;

  /** @param maxMessageBytes the largest message */
  constructor(maxMessageBytes: number) {
    this.#maxBytes = LARGEST_MESSAGES * maxMessageBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  join(session: Keeper): void {
    this.#sessions.add(session);
  }

  leave(session: Keeper): void {
    this.#sessions.delete(session);
  }

  take(bytes: number): void {
    this.#bytes += bytes;
    while (this.#bytes > this.#maxBytes) {
      let largest: Keeper | undefined;
      for (const each of this.#sessions)
        if (largest === undefined || each.bytes > largest.bytes) largest = each;
      if (largest === undefined || largest.bytes === 0) return;
      largest.dropOldest();
    }
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}

export interface ReplayOptions {
  budget: ReplayBudget;
  maxMessages: number;
  maxBytes: number;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Called with a request of the server's that had to go before any client was sent it. */
  onDropped: (id: RpcId) => void;
}

export class Replay<S extends ReplayStream> {
  readonly #options: ReplayOptions;
  /** In every id: the ids of two sessions are never the same, and none says what the session's id is. */
  readonly #tag = randomBytes(4).toString('hex');
  readonly #streams = new Map<number, S>();
  #kept: Kept<S>[] = [];
  #bytes = 0;
  #opened = 0;
  #ended = false;

  constructor(options: ReplayOptions) {
    this.#options = options;
    options.budget.join(this);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Streams that a client can name. */
  get streams(): number {
    return this.#streams.size;
  }

  /** @returns the number of a new stream */
  nextNumber(): number {
    this.#opened += 1;
    return this.#opened;
  }

  /** @returns the id of an event, which names the session, the stream and the place in it */
  idOf(stream: number, sequence: number): string {
    return `${this.#tag}-${stream}-${sequence}`;
  }

  /**
   * @param eventId the value of `Last-Event-ID`
   * @returns the stream of that event and the event's place in it; undefined when it is no id of this session's, or one of a
   *   stream of which nothing is left
   */
  find(eventId: string): { stream: S; sequence: number } | undefined {
    const [, tag, number, sequence] = /^([0-9a-f]{8})-(\d{1,15})-(\d{1,15})$/.exec(eventId) ?? [];
    const stream = tag === this.#tag ? this.#streams.get(Number(number)) : undefined;
    return stream === undefined ? undefined : { stream, sequence: Number(sequence) };
  }

  add(stream: S, event: SentEvent): void {
    if (this.#ended) return;
    this.#streams.set(stream.number, stream);
    this.#kept.push({ ...event, stream, sentAtMs: this.#options.now() });
    this.#bytes += event.bytes.length;
    this.#options.budget.take(event.bytes.length);
    const { maxMessages, maxBytes } = this.#options;
    while (this.#kept.length > maxMessages || (this.#bytes > maxBytes && this.#kept.length > 0))
      this.dropOldest();
  }

  /** Whether there is something that was sent on `stream` after `sequence`. */
  has(stream: S, sequence: number): boolean {
    return this.#kept.some((each) => each.stream === stream && each.sequence > sequence);
  }

  /** @returns what was sent on `stream` after `sequence` and is still kept, marked as sent again */
  after(stream: S, sequence: number): SentEvent[] {
    const events = this.#kept.filter((each) => each.stream === stream && each.sequence > sequence);
    for (const event of events) event.sent = true;
    return events;
  }

  /** Forgets what was sent before `ms`, in milliseconds since the epoch. */
  dropBefore(ms: number): void {
    while (this.#kept[0] !== undefined && this.#kept[0].sentAtMs < ms) this.dropOldest();
  }

  dropOldest(): void {
    const oldest = this.#kept.shift();
    if (oldest === undefined) return;
    this.#bytes -= oldest.bytes.length;
    this.#options.budget.give(oldest.bytes.length);
    this.release(oldest.stream);
    if (!oldest.sent && oldest.requestId !== undefined) this.#options.onDropped(oldest.requestId);
  }

  /** To be called when a stream is no longer alive: it is forgotten once nothing of it is kept. */
  release(stream: S): void {
    if (stream.alive || this.#kept.some((each) => each.stream === stream)) return;
    this.#streams.delete(stream.number);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.budget.leave(this);
    this.#options.budget.give(this.#bytes);
    this.#bytes = 0;
    this.#kept = [];
    this.#streams.clear();
  }
}
