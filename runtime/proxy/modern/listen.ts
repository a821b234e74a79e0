/**
 * `subscriptions/listen` (MCP 2026-07-28, Subscriptions): one stream of the notifications that a client asked for, each
 * with the id of the request that opened it.
 */
import type { ServerResponse } from 'node:http';
import { replyJson, type Refusal } from '../http.ts';
import type { ProxyLimits } from '../limits.ts';
import { plainText } from '../messages/exact-json.ts';
import {
  ErrorCode,
  isObject,
  type RpcNotification,
  type RpcRequest,
  type RpcResponse,
} from '../messages/json-rpc.ts';
import type { UserOutflows } from '../streams/outflow.ts';
import { SseStream } from '../streams/sse.ts';
import { META, type Members } from './envelope/envelope.ts';
import { statusOf } from './passed-call.ts';
import type { PooledPeer } from './places/pooled-peer.ts';

const LISTS = ['tools', 'prompts', 'resources'] as const;
const UPDATED = 'notifications/resources/updated';
const CLOSED = { resultType: 'complete' } as const;
const MAX_STREAMS_PER_USER = 16;
const MAX_RESOURCES = 256;

/** What a client wants to hear of, or what of it the server tells. */
export interface Filter {
  lists: Set<string>;
  resources: Set<string>;
}

/** Of streams that get what the child sends them, and nothing else. */
const NOTHING: Filter = { lists: new Set(), resources: new Set() };

/** The request, and whose it is. */
interface Asked {
  request: RpcRequest;
  user: string;
}

interface Listener {
  pooled: PooledPeer;
  request: RpcRequest;
  filter: Filter;
  stream: SseStream;
  openedAtMs: number;
}

/** @returns -32602 when there is no valid filter */
export function readFilter({ params }: RpcRequest): Filter | Refusal {
  const wanted = params?.['notifications'];
  const resources = isObject(wanted) ? (wanted['resourceSubscriptions'] ?? []) : undefined;
  const valid =
    isObject(wanted) &&
    LISTS.every((list) => ['boolean', 'undefined'].includes(typeof wanted[`${list}ListChanged`])) &&
    Array.isArray(resources) &&
    resources.length <= MAX_RESOURCES &&
    resources.every((uri) => typeof uri === 'string');
  if (!valid) {
    const message = `Invalid params: notifications must be a filter with at most ${MAX_RESOURCES} resources.`;
    return { status: 400, code: ErrorCode.invalidParams, message };
  }
  const lists = LISTS.filter((list) => wanted[`${list}ListChanged`] === true);
  return { lists: new Set(lists), resources: new Set<string>(resources) };
}

export class Listeners {
  readonly #limits: ProxyLimits;
  readonly #now: () => number;
  readonly #outflows: UserOutflows;
  readonly #open = new Set<Listener>();
  /** Streams of each user, those that are not open yet among them. */
  readonly #byUser = new Map<string, number>();

  constructor(limits: ProxyLimits, now: () => number, outflows: UserOutflows) {
    this.#limits = limits;
    this.#now = now;
    this.#outflows = outflows;
  }

  /**
   * Counts a stream that is about to open, until `res` is closed.
   * @returns false when the user has too many
   */
  admit(user: string, res: ServerResponse): boolean {
    const own = this.#byUser.get(user) ?? 0;
    if (own >= MAX_STREAMS_PER_USER) return false;
    if (res.closed) return true;
    this.#byUser.set(user, own + 1);
    res.once('close', () => {
      const left = (this.#byUser.get(user) ?? 1) - 1;
      if (left > 0) this.#byUser.set(user, left);
      else this.#byUser.delete(user);
    });
    return true;
  }

  /** Opens the stream; the acknowledgement is the first message on it. */
  async listen(
    res: ServerResponse,
    { request, user }: Asked,
    pooled: PooledPeer,
    wanted: Filter,
  ): Promise<void> {
    // Before anything else, so that the child is not ended meanwhile.
    pooled.attach();
    let gone = false;
    const release = (): void => {
      if (gone) return;
      gone = true;
      pooled.detach();
    };
    res.on('close', release);
    const filter = await granted(pooled, wanted, () => gone);
    const drop = (): void => filter.resources.forEach((uri) => pooled.unsubscribe(uri));
    if (gone || res.destroyed) {
      release();
      return drop();
    }
    const stream = new SseStream(res, this.#limits.maxBufferedBytes, {}, () =>
      this.#outflows.note(user, res),
    );
    const openedAtMs = this.#now();
    const listener = { pooled, request, filter, stream, openedAtMs };
    send(listener, 'notifications/subscriptions/acknowledged', { notifications: asMembers(filter) });
    this.#open.add(listener);
    res.on('close', () => {
      this.#open.delete(listener);
      drop();
    });
    // "Gracefully": there is nothing that could come.
    if (filter.lists.size + filter.resources.size === 0) this.#close(listener);
    else if (pooled.peer.ended) stream.end();
  }

  /** Opens the stream of a child that has such streams itself; its id in the notifications becomes the client's. */
  pass(res: ServerResponse, { request, user }: Asked, pooled: PooledPeer): void {
    let listener: Listener | undefined;
    const open = (): Listener => {
      if (listener !== undefined) return listener;
      const stream = new SseStream(res, this.#limits.maxBufferedBytes, {}, () =>
        this.#outflows.note(user, res),
      );
      listener = { pooled, request, filter: NOTHING, stream, openedAtMs: this.#now() };
      this.#open.add(listener);
      return listener;
    };
    const answered = (message: RpcResponse, line: Buffer): void => {
      if (listener === undefined) return replyJson(res, statusOf(message), line);
      // With an error it ends as one whose server is gone: the client listens again.
      if (message.error === undefined) this.#close(listener);
      else listener.stream.end();
    };
    const call = pooled.peer.call(request, { onAnswer: answered });
    pooled.attach();
    pooled.streams.set(call.id, ({ method, params }) => send(open(), method, params));
    res.on('close', () => {
      call.cancel('The client does not listen any more.');
      pooled.streams.delete(call.id);
      pooled.detach();
      if (listener !== undefined) this.#open.delete(listener);
    });
  }

  /** @param owner whose children they are: any of them tells all of their listeners */
  publish(owner: string | undefined, { method, params }: RpcNotification): void {
    for (const listener of this.#open) {
      if (listener.pooled.owner === owner && accepts(listener.filter, method, params))
        send(listener, method, params);
    }
  }

  /** Ends the streams that stand on a child which is gone, without a result: the client listens again then. */
  gone(pooled: PooledPeer): void {
    for (const { stream, pooled: own } of this.#open) if (own === pooled) stream.end();
  }

  /** Comments on the streams and ends those that are too old, so that their clients come again with a token that holds. */
  keepAlive(): void {
    const before = this.#now() - this.#limits.maxStreamSeconds * 1000;
    for (const { stream, openedAtMs } of this.#open) {
      if (openedAtMs <= before) stream.end();
      else stream.keepAlive();
    }
  }

  /** Ends all streams with a result, which says that no more will come. */
  close(): void {
    for (const listener of this.#open) this.#close(listener);
  }

  #close({ stream, request, pooled }: Listener): void {
    const result = { ...CLOSED, _meta: { [META.subscription]: request.id } };
    stream.send(Buffer.from(pooled.results.text(request.id, result)));
    stream.end();
  }
}

/** What of it the server can tell; subscribes to the resources. */
async function granted(pooled: PooledPeer, wanted: Filter, gone: () => boolean): Promise<Filter> {
  const capability = (name: string): Members => {
    const value = pooled.capabilities[name];
    return isObject(value) ? value : {};
  };
  const lists = [...wanted.lists].filter((list) => capability(list)['listChanged'] === true);
  const resources = new Set<string>();
  if (capability('resources')['subscribe'] === true) {
    const subscribe = async (uri: string): Promise<void> => {
      if (!gone() && (await pooled.subscribe(uri))) resources.add(uri);
    };
    await Promise.all([...wanted.resources].map(subscribe));
  }
  return { lists: new Set(lists), resources };
}

function asMembers({ lists, resources }: Filter): Members {
  const members: Members = Object.fromEntries([...lists].map((list) => [`${list}ListChanged`, true]));
  return resources.size === 0 ? members : { ...members, resourceSubscriptions: [...resources] };
}

function accepts({ lists, resources }: Filter, method: string, params: Members | undefined): boolean {
  if (method === UPDATED) return resources.has(plainText(params?.['uri']));
  return [...lists].some((list) => method === `notifications/${list}/list_changed`);
}

function send({ stream, request }: Listener, method: string, params: Members | undefined): void {
  const meta = isObject(params?.['_meta']) ? params['_meta'] : {};
  const stamped = { ...params, _meta: { ...meta, [META.subscription]: request.id } };
  stream.send(Buffer.from(JSON.stringify({ jsonrpc: '2.0', method, params: stamped })));
}
