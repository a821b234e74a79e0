/**
 * What a server says on its own: which stream each message belongs on, what waits for one, and which of its requests
 * the client was really asked (MCP 2025-11-25, Transports, "Listening for Messages from the Server").
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ProxyLimits } from '../limits.ts';
import { isId, type RpcId, type RpcMessage } from '../messages/json-rpc.ts';
import type { Calls } from '../session/calls.ts';
import { Backlog, type BacklogEntry } from './backlog.ts';
import { EventStream, type StreamOwner } from './event-stream.ts';
import { Replay, type ReplayBudget } from './replay.ts';
import { SseStream } from './sse.ts';

/** Enough for a client that reconnects faster than its lost connections are noticed. */
const MAX_GET_STREAMS = 8;
/** When a client may open a stream again that only its age has ended. */
const RETRY_MS = 1000;
/** From this version on a client is told to come back, and with what, before there is a message (SEP-1699). */
const POLLING_VERSION = '2025-11-25';
const GET_STREAM: StreamOwner = { collects: false };

export interface ServerMessagesOptions {
  calls: Calls;
  limits: ProxyLimits;
  /** Milliseconds since the epoch. */
  now: () => number;
  replays: ReplayBudget;
  /** Called after each write to a stream. */
  onWrite?: (res: ServerResponse) => void;
  /** What the session negotiated; undefined until it has. */
  version: () => string | undefined;
  /** Called with a request of the server's that will not reach the client any more. */
  onDropped: (id: RpcId) => void;
}

interface Sink {
  send(line: Buffer, requestId?: RpcId): boolean;
}

interface OpenStream {
  stream: EventStream;
  openedAtMs: number;
}

export class ServerMessages {
  readonly #options: ServerMessagesOptions;
  readonly #backlog: Backlog;
  readonly #replay: Replay<EventStream>;
  /** GET streams that a connection carries. */
  #streams: OpenStream[] = [];
  /** Requests that went out to the client and have no answer yet, the oldest first. */
  readonly #asked = new Set<RpcId>();

  constructor(options: ServerMessagesOptions) {
    const { maxBacklogMessages, maxReplayMessages, maxMessageBytes } = options.limits;
    this.#options = options;
    this.#backlog = new Backlog(maxBacklogMessages, maxMessageBytes);
    this.#replay = new Replay({
      ...{ budget: options.replays, now: options.now },
      ...{ maxMessages: maxReplayMessages, maxBytes: maxMessageBytes },
      onDropped: (id) => {
        if (this.#asked.delete(id)) options.onDropped(id);
      },
    });
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

  /** Makes the reply to a POST a stream. */
  openStream(res: ServerResponse, owner: StreamOwner, headers?: OutgoingHttpHeaders): EventStream {
    const stream = new EventStream(this.#replay, owner, this.#connection(res, headers));
    if (this.#polls) stream.prime();
    return stream;
  }

  /**
   * A client listens: on the stream of the event that it names, or on a new one when that is none of this session's. What
   * waited for a stream goes out on it.
   * @param lastEventId the value of `Last-Event-ID`
   * @returns false when the stream has ended and the client has had all of it
   */
  listen(res: ServerResponse, lastEventId: string | undefined): boolean {
    const found = lastEventId === undefined ? undefined : this.#replay.find(lastEventId);
    if (found === undefined) this.#listenAnew(res);
    else if (found.stream.ended && !this.#replay.has(found.stream, found.sequence)) return false;
    else this.#resume(res, found.stream, found.sequence);
    return true;
  }

  #listenAnew(res: ServerResponse): void {
    const stream = new EventStream(this.#replay, GET_STREAM, this.#connection(res));
    if (this.#polls) stream.prime();
    this.#addStream(res, stream);
  }

  #resume(res: ServerResponse, stream: EventStream, sequence: number): void {
    stream.resume(this.#connection(res), sequence);
    if (stream.owner === GET_STREAM) this.#addStream(res, stream);
    else if (!stream.ended) this.offer(stream);
  }

  #addStream(res: ServerResponse, stream: EventStream): void {
    this.#streams = this.#streams.filter((each) => each.stream !== stream);
    this.#streams.push({ stream, openedAtMs: this.#options.now() });
    res.on('close', () => {
      if (!stream.connected) this.#streams = this.#streams.filter((each) => each.stream !== stream);
    });
    if (this.#streams.length > MAX_GET_STREAMS) this.#pause(this.#streams.shift());
    this.#flush(stream);
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
    for (const each of old) this.#pause(each);
    for (const { stream } of this.#streams) stream.keepAlive();
    this.#replay.dropBefore(now() - limits.replaySeconds * 1000);
  }

  /** Ends all streams and forgets what waited. */
  end(): void {
    for (const { stream } of this.#streams) stream.end();
    this.#streams = [];
    this.#backlog.take();
    this.#asked.clear();
    this.#replay.end();
  }

  get #polls(): boolean {
    return (this.#options.version() ?? '') >= POLLING_VERSION;
  }

  #connection(res: ServerResponse, headers?: OutgoingHttpHeaders): SseStream {
    const { limits, onWrite } = this.#options;
    return new SseStream(res, limits.maxBufferedBytes, headers, onWrite);
  }

  #pause(each: OpenStream | undefined): void {
    each?.stream.pause(this.#polls ? RETRY_MS : undefined);
  }

  #send({ line, requestId }: BacklogEntry, sink: Sink | undefined): boolean {
    if (sink?.send(line, requestId) !== true) return false;
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
