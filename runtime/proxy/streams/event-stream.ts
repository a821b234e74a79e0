/**
 * A stream as MCP means it (2025-11-25, Transports): it outlives the connections that carry it. Each of its events has an
 * id, and a GET with the last id that a client saw goes on with the same stream.
 */
import type { RpcId } from '../messages/json-rpc.ts';
import type { Replay } from './replay.ts';
import { eventOf, PRIMING, type SseStream } from './sse.ts';

/** What the stream belongs to. */
export interface StreamOwner {
  /** It is the stream of a POST that is not answered yet: it takes messages while no connection carries it. */
  readonly collects: boolean;
  /** The connection that carried it is closed. */
  onLost?(): void;
  /** Another connection carries it now. */
  onResumed?(): void;
}

export class EventStream {
  readonly number: number;
  readonly #replay: Replay<EventStream>;
  readonly owner: StreamOwner;
  #connection: SseStream | undefined;
  #next = 0;
  #ended = false;

  /** @param connection the first one */
  constructor(replay: Replay<EventStream>, owner: StreamOwner, connection: SseStream) {
    this.number = replay.nextNumber();
    this.#replay = replay;
    this.owner = owner;
    this.#connect(connection);
  }

  get connected(): boolean {
    return this.#connection?.open === true;
  }

  /** Nothing more will be sent on it. */
  get ended(): boolean {
    return this.#ended;
  }

  get alive(): boolean {
    return this.connected || this.#collecting;
  }

  /** The client has an id, with which it can come back. */
  get resumable(): boolean {
    return this.#next > 0;
  }

  /**
   * @param line one JSON-RPC message without a newline
   * @param requestId of a request
   * @returns false when it did not go out and will not
   */
  send(line: Buffer, requestId?: RpcId): boolean {
    return !this.#ended && this.#put(eventOf(line, this.#nextId), requestId);
  }

  /** Gives the client an id before there is a message, so that it can come back at any time. */
  prime(): void {
    this.#put(eventOf(PRIMING, this.#nextId), undefined);
  }

  keepAlive(): void {
    this.#connection?.keepAlive();
  }

  /** Goes on over `connection`, after the event `sequence`. */
  resume(connection: SseStream, sequence: number): void {
    const before = this.#connection;
    this.#connect(connection);
    // The client knows better than we do that it is broken.
    before?.destroy();
    for (const { bytes } of this.#replay.after(this, sequence)) connection.sendEvent(bytes);
    if (this.#ended) connection.end();
    else this.owner.onResumed?.();
  }

  /** Ends the connection, but not the stream. @param retryMs when the client may come again */
  pause(retryMs?: number): void {
    this.#connection?.end(retryMs);
  }

  /** Ends the stream. */
  end(): void {
    this.#ended = true;
    this.#connection?.end();
    this.#replay.release(this);
  }

  get #nextId(): string {
    return this.#replay.idOf(this.number, this.#next);
  }

  get #collecting(): boolean {
    return !this.#ended && this.owner.collects && this.resumable;
  }

  #put(bytes: Buffer, requestId: RpcId | undefined): boolean {
    const sent = this.#connection?.sendEvent(bytes) === true;
    if (!sent && !this.#collecting) return false;
    const sequence = this.#next;
    this.#next += 1;
    this.#replay.add(this, { sequence, bytes, requestId, sent });
    return true;
  }

  #connect(connection: SseStream): void {
    this.#connection = connection;
    connection.onClose(() => {
      if (this.#connection !== connection) return;
      this.#connection = undefined;
      if (!this.#ended) this.owner.onLost?.();
      this.#replay.release(this);
    });
  }
}
