/** One child and what of it the requests without a session share. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Refusal } from '../../http.ts';
import { plainText } from '../../messages/exact-json.ts';
import {
  isId,
  isObject,
  type RpcId,
  type RpcNotification,
  type RpcRequest,
  type RpcResponse,
} from '../../messages/json-rpc.ts';
import type { LogLevel } from '../../messages/log-level.ts';
import { OWN_META } from '../../modern-child/probe.ts';
import type { Peer } from '../../peer/peer.ts';
import { META, type Members } from '../envelope/envelope.ts';
import { checkParamHeaders, paramHeadersOf, type ParamHeader } from '../envelope/param-headers.ts';
import { Results } from '../results.ts';
import type { Hello } from './open-peer.ts';

/** A call as its child sees it. */
export interface ActiveCall {
  /** Takes a request of the server's; false when it cannot. */
  asked(message: RpcRequest, line: Buffer): boolean;
  /** Takes a notification that is no progress of a call. */
  told(message: RpcNotification, line: Buffer): void;
}

/** The key of a child that is the same for every client: it learns of each with its requests, or of what any may be able to do. */
export const ANY_CLIENT = '';

/** The tools that want arguments in headers. */
type Tools = Map<string, ParamHeader[]>;

const MAX_TOOL_PAGES = 100;
const ASK_TIMEOUT_MS = 30_000;
let nextId = 0;

export class PooledPeer {
  readonly peer: Peer;
  readonly hello: Hello;
  /** The user whose it is; undefined when it is everybody's. */
  readonly owner: string | undefined;
  /** The client's capabilities that the child was told of, as text, or `ANY_CLIENT`. */
  readonly key: string;
  readonly results: Results;
  /** Has the child for itself. */
  exclusive: ActiveCall | undefined;
  /** Calls during which the child may ask. */
  readonly active = new Set<ActiveCall>();
  /** Streams of notifications that stand on this child. */
  #listeners = 0;
  /** Of a child that has `subscriptions/listen` itself: where each stream's notifications go, by the id the child knows. */
  readonly streams = new Map<RpcId, (message: RpcNotification) => void>();
  /** May not be given to another call, because an earlier one may still ask. */
  spent = false;
  #logLevel: LogLevel | undefined;
  #tools: Tools | Promise<Tools> | undefined;
  /** How many streams want to hear of each resource. */
  readonly #subscriptions = new Map<string, number>();

  constructor(peer: Peer, hello: Hello, owner: string | undefined, key: string) {
    this.peer = peer;
    this.hello = hello;
    this.owner = owner;
    this.key = key;
    this.results = new Results(hello.serverInfo);
  }

  get capabilities(): Members {
    return this.hello.capabilities;
  }

  get listeners(): number {
    return this.#listeners;
  }

  get inUse(): boolean {
    const busy = this.exclusive !== undefined || this.active.size > 0 || this.#listeners > 0;
    return busy || this.peer.pendingCalls > 0;
  }

  /** A stream of notifications stands on the child. */
  attach(): void {
    this.#listeners += 1;
  }

  /** One does no longer. */
  detach(): void {
    this.#listeners -= 1;
  }

  /** Answers a request of the child's. */
  respond(id: RpcId, result: unknown): void {
    this.peer.respond(id, { result });
  }

  /** Sends `logging/setLevel` when the level is another than the last. */
  async setLogLevel(level: LogLevel): Promise<void> {
    // With the era of the level in each request, there is nothing to set.
    if (this.hello.modern || level === this.#logLevel || !('logging' in this.capabilities)) return;
    this.#logLevel = level;
    await this.ask('logging/setLevel', { level });
  }

  /** Checks the headers that the schema of the called tool asks for. */
  checkParams(
    params: Members | undefined,
    headers: IncomingHttpHeaders,
  ): Refusal | undefined | Promise<Refusal | undefined> {
    if (!('tools' in this.capabilities)) return undefined;
    const check = (tools: Tools): Refusal | undefined => {
      const declared = tools.get(plainText(params?.['name']));
      return declared === undefined ? undefined : checkParamHeaders(declared, params?.['arguments'], headers);
    };
    if (this.#tools === undefined) {
      const reading = this.#readTools().then(({ tools, whole }) => {
        // From then on no call has to wait. A server that was too busy to say all is asked again.
        if (this.#tools === reading) this.#tools = whole ? tools : undefined;
        return tools;
      });
      this.#tools = reading;
    }
    return this.#tools instanceof Map ? check(this.#tools) : this.#tools.then(check);
  }

  /** Gives a notification to the stream that it is for. @returns false when it names none */
  toStream(message: RpcNotification): boolean {
    const meta = message.params?.['_meta'];
    const id = isObject(meta) ? meta[META.subscription] : undefined;
    if (!isId(id)) return false;
    this.streams.get(id)?.(message);
    return true;
  }

  /** The child's tools are others than before. */
  forgetTools(): void {
    this.#tools = undefined;
  }

  /** @returns whether the child will tell of changes of the resource */
  async subscribe(uri: string): Promise<boolean> {
    const count = this.#subscriptions.get(uri) ?? 0;
    this.#subscriptions.set(uri, count + 1);
    if (count > 0 || (await this.beginUpdates(uri))) return true;
    this.unsubscribe(uri);
    return false;
  }

  unsubscribe(uri: string): void {
    const count = this.#subscriptions.get(uri) ?? 0;
    if (count > 1) this.#subscriptions.set(uri, count - 1);
    else if (this.#subscriptions.delete(uri)) this.endUpdates(uri);
  }

  /** @returns whether the child will tell of the resource */
  protected async beginUpdates(uri: string): Promise<boolean> {
    return (await this.ask('resources/subscribe', { uri })) !== undefined;
  }

  protected endUpdates(uri: string): void {
    void this.ask('resources/unsubscribe', { uri });
  }

  /** @returns the tools that have such headers, all of them or those that were told in time; none of a server without a list */
  async #readTools(): Promise<{ tools: Tools; whole: boolean }> {
    const tools: Tools = new Map();
    let cursor: unknown;
    for (let page = 0; page < MAX_TOOL_PAGES; page += 1) {
      const answer = await this.#answerTo('tools/list', cursor === undefined ? {} : { cursor });
      if (answer === undefined) return { tools, whole: false };
      const result = isObject(answer.result) ? answer.result : {};
      const listed = Array.isArray(result['tools']) ? (result['tools'] as unknown[]) : [];
      for (const tool of listed) {
        const headers = isObject(tool) ? paramHeadersOf(tool['inputSchema']) : [];
        if (isObject(tool) && headers.length > 0) tools.set(plainText(tool['name']), headers);
      }
      cursor = result['nextCursor'];
      if (typeof cursor !== 'string') break;
    }
    return { tools, whole: true };
  }

  /** Asks the child something for the proxy. @returns its result, if there is one in time */
  protected async ask(method: string, params: Members): Promise<Members | undefined> {
    const answer = await this.#answerTo(method, params);
    return isObject(answer?.result) ? answer.result : undefined;
  }

  /** @returns undefined when there is none in time */
  #answerTo(method: string, params: Members): Promise<RpcResponse | undefined> {
    const own = this.hello.modern ? { ...params, _meta: OWN_META } : params;
    const request: RpcRequest = { kind: 'request', id: `mcpgw-${(nextId += 1)}`, method, params: own };
    return this.peer.ask(request, ASK_TIMEOUT_MS);
  }
}
