/**
 * What a server says on its own: which stream each message belongs on, what waits for one, and which of its requests
 * the client was really asked (MCP 2025-11-25, Transports, "Listening for Messages from the Server").
 */
import { Backlog, type BacklogEntry } from './backlog.ts';
import type { Calls } from './calls.ts';
import { isId, type RpcId, type RpcMessage } from './json-rpc.ts';
import type { ProxyLimits } from './limits.ts';
import type { SseStream } from './sse.ts';

/** Enough for a client that reconnects faster than its lost connections are noticed. */
const MAX_GET_STREAMS = 8;

export interface ServerMessagesOptions {
  calls: Calls;
  limits: ProxyLimits;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Called with a request of the server's that will not reach the client any more. */
  onDropped: (id: RpcId) => void;
}

interface Sink {
  send(line: Buffer): boolean;
}

interface OpenStream {
  stream: SseStream;
  openedAtMs: number;
}

export class ServerMessages {
  readonly #options: ServerMessagesOptions;
  readonly #backlog: Backlog;
  #streams: OpenStream[] = [];
  /** Requests that went out to the client and have no answer yet, the oldest first. */
  readonly #asked = new Set<RpcId>();

  constructor(options: ServerMessagesOptions) {
    const { maxBacklogMessages, maxMessageBytes } = options.limits;
    this.#options = options;
    this.#backlog = new Backlog(maxBacklogMessages, maxMessageBytes);
  }

  /** GET streams. */
  get openStreams(): number {
    return this.#streams.length;
  }

  /** Sends a message on, or keeps it until there is a stream for it. */
  route(message: Exclude<RpcMessage, { kind: 'response' }>, line: Buffer): void {
    const { calls } = this.#options;
    const entry = { line, requestId: message.kind === 'request' ? message.id : undefined };
    const isProgress = message.method === 'notifications/progress';
    if (isProgress) {
      const token = message.params?.['progressToken'];
      if (isId(token) && this.#send(entry, calls.ofProgress(token))) return;
    } else if (message.kind === 'request' || message.method === 'notifications/message') {
      if (this.#send(entry, calls.latestExchange(message.kind === 'request'))) return;
    }
    for (let i = this.#streams.length - 1; i >= 0; i -= 1) {
      if (this.#send(entry, this.#streams[i]?.stream)) return;
    }
    // Late progress is worth nothing.
    if (!isProgress) this.#keep(entry);
  }

  /**
   * Takes the client's answer to a request of the server's.
   * @returns false when the client was not asked: it answers what it makes up, ahead of time, or twice
   */
  takeAnswer(id: RpcId): boolean {
    return this.#asked.delete(id);
  }

  /** Adds a GET stream; what waited for one goes out on it. */
  addStream(stream: SseStream): void {
    this.#streams.push({ stream, openedAtMs: this.#options.now() });
    if (this.#streams.length > MAX_GET_STREAMS) this.#streams.shift()?.stream.end();
    this.#flush(stream);
  }

  removeStream(stream: SseStream): void {
    this.#streams = this.#streams.filter((each) => each.stream !== stream);
  }

  /** A POST that can carry a request of the server's has come, which is worth the rest of what waits, too. */
  offer(exchange: Sink): void {
    if (this.#backlog.hasRequest) this.#flush(exchange);
  }

  /**
   * Comments on the GET streams, and ends those that are too old. The token of a stream is checked only when it is
   * opened; a client opens it again, which a token that was revoked meanwhile does not allow. Until then nothing is lost.
   */
  keepAlive(): void {
    const { now, limits } = this.#options;
    const before = now() - limits.maxStreamSeconds * 1000;
    const old = this.#streams.filter(({ openedAtMs }) => openedAtMs <= before);
    // Not only once the connection is closed: a reader that does not read delays that.
    this.#streams = this.#streams.filter(({ openedAtMs }) => openedAtMs > before);
    for (const { stream } of old) stream.end();
    for (const { stream } of this.#streams) stream.keepAlive();
  }

  /** Ends all streams and forgets what waited. */
  end(): void {
    for (const { stream } of this.#streams) stream.end();
    this.#streams = [];
    this.#backlog.take();
    this.#asked.clear();
  }

  #send({ line, requestId }: BacklogEntry, sink: Sink | undefined): boolean {
    if (sink?.send(line) !== true) return false;
    if (requestId !== undefined) this.#noteAsked(requestId);
    return true;
  }

  /** A client that answers nothing must not cost memory; the server has given up its oldest requests by then. */
  #noteAsked(id: RpcId): void {
    this.#asked.add(id);
    if (this.#asked.size <= this.#options.limits.maxPendingCalls) return;
    for (const oldest of this.#asked) {
      this.#asked.delete(oldest);
      return;
    }
  }

  #flush(sink: Sink): void {
    for (const entry of this.#backlog.take()) if (!this.#send(entry, sink)) this.#keep(entry);
  }

  #keep(entry: BacklogEntry): void {
    for (const { requestId } of this.#backlog.add(entry)) {
      if (requestId !== undefined) this.#options.onDropped(requestId);
    }
  }
}
