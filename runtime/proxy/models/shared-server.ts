/**
 * One child that many sessions use, through a peer: who hears of what it says on its own. It is initialised by the proxy,
 * and again when it died; what sessions subscribed to and which log level they wanted holds on.
 */
import type { Logger } from '../../config/log.ts';
import type { Child, ChildCommand, ChildHandlers, Graces } from '../child.ts';
import { ROOTS_LIST } from '../client-roots.ts';
import { HANDSHAKE_VERSIONS } from '../http.ts';
import { isId, type RpcId, type RpcRequest } from '../json-rpc.ts';
import type { ProxyLimits } from '../limits.ts';
import { Peer } from '../peer.ts';
import { PeerError, type Handshake, type RpcNotification } from '../peer-types.ts';
import { StartRefusedError, type Children } from './children.ts';
import { mostVerbose, passesLevel, type LogLevel } from './log-level.ts';
import { SessionChannel } from './session-channel.ts';
import { backoffMs } from './starts.ts';
import { Subscriptions } from './subscriptions.ts';

/** A child that lives longer than this has not failed at its start. */
const SETTLED_MS = 10_000;

export interface SharedServerOptions {
  service: string;
  /** Whose it is; undefined when all users share it. */
  user: string | undefined;
  limits: ProxyLimits;
  clientRoots: boolean;
  children: Children;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

export class SharedServer {
  readonly subscriptions = new Subscriptions<SessionChannel>();
  readonly #options: SharedServerOptions;
  readonly #channels = new Set<SessionChannel>();
  /** Requests of the child that a session was asked. */
  readonly #asked = new Map<RpcId, SessionChannel>();
  #command: ChildCommand;
  #peer: Peer | undefined;
  #opening: Promise<Peer> | undefined;
  #level: LogLevel | undefined;
  #unusedSinceMs: number;
  /** Sessions that wait for the child. */
  #joining = 0;
  /** Ends in a row that came soon after a start. */
  #earlyEnds = 0;
  #notBeforeMs = 0;

  constructor(command: ChildCommand, options: SharedServerOptions) {
    this.#command = command;
    this.#options = options;
    this.#unusedSinceMs = options.now();
  }

  get user(): string | undefined {
    return this.#options.user;
  }

  /** All users share it, so that nothing of one may reach another. */
  get forAll(): boolean {
    return this.user === undefined;
  }

  /** The child that answers now; undefined while there is none. */
  get peer(): Peer | undefined {
    return this.#peer;
  }

  /** A session has it, or is about to. */
  get inUse(): boolean {
    const pending = this.#peer?.pendingCalls ?? 0;
    return this.#channels.size > 0 || this.#joining > 0 || this.#opening !== undefined || pending > 0;
  }

  /** How long no session has used it, in milliseconds; 0 while one does. */
  unusedMs(nowMs: number): number {
    return this.inUse ? 0 : nowMs - this.#unusedSinceMs;
  }

  /** Adds a session, once the child can answer it. @throws what `open` throws */
  async join(command: ChildCommand, handlers: ChildHandlers): Promise<SessionChannel> {
    this.#command = command;
    this.#joining += 1;
    try {
      await this.open();
    } finally {
      this.#joining -= 1;
    }
    const channel = new SessionChannel(this, handlers);
    this.#channels.add(channel);
    return channel;
  }

  leave(channel: SessionChannel): void {
    if (!this.#channels.delete(channel)) return;
    this.#unusedSinceMs = this.#options.now();
    for (const [id, asked] of this.#asked) if (asked === channel) this.#giveUp(id);
    for (const uri of this.subscriptions.leave(channel)) this.#tell('resources/unsubscribe', { uri });
  }

  /**
   * The child, started anew where there is none.
   * @throws StartRefusedError, PeerError, NoPipesError, or what `spawn` throws
   */
  open(): Promise<Peer> {
    if (this.#peer !== undefined) return Promise.resolve(this.#peer);
    const waitMs = this.#notBeforeMs - this.#options.now();
    if (waitMs > 0) return Promise.reject(this.#tooSoon(waitMs));
    this.#opening ??= this.#start().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  /** Answers a request of the child's that this session was asked. */
  respond(channel: SessionChannel, id: RpcId, answer: Parameters<Peer['respond']>[1]): void {
    if (this.#asked.get(id) !== channel) return;
    this.#asked.delete(id);
    this.#peer?.respond(id, answer);
  }

  /** @returns the level that the child has to be set to, or undefined when it says enough already */
  levelFor(channel: SessionChannel, level: LogLevel): LogLevel | undefined {
    channel.level = level;
    const wanted = mostVerbose([...this.#channels].flatMap((each) => each.level ?? []));
    if (wanted === this.#level) return undefined;
    this.#level = wanted;
    return wanted;
  }

  end(reason: string, graces: Graces): Promise<void> {
    return this.#peer?.end(reason, graces) ?? Promise.resolve();
  }

  async #start(): Promise<Peer> {
    const { service, user, limits, logger, now, children } = this.#options;
    const options = { service, limits, logger, now, logFields: { service, user } };
    let child: Child | undefined;
    const start = (handlers: ChildHandlers): Child =>
      (child = children.start({ command: this.#command, user, handlers }));
    try {
      const peer = await Peer.open(start, this.#handshake(), options);
      if (child !== undefined) children.initialised(child);
      if (peer.ended) {
        this.#noteEnd(now());
        throw new PeerError(`The server of '${service}' ended right away; its log says why.`, 502);
      }
      const startedAtMs = now();
      peer.handlers = {
        onNotification: (message, line) => this.#notified(message, line),
        onRequest: (message, line) => this.#requested(message, line),
        onEnd: () => this.#ended(peer, startedAtMs),
      };
      this.#peer = peer;
      this.#restore();
      return peer;
    } catch (error) {
      const seconds = limits.initializeTimeoutSeconds;
      if (child !== undefined) children.failed(child, `did not answer initialize within ${seconds} s`);
      throw error;
    }
  }

  /**
   * A child of one user is told that its client can do what any of the sessions may be able to, and a session that cannot
   * is not asked; one that all share is told that it may ask for nothing.
   */
  #handshake(): Handshake {
    const roots = this.#options.clientRoots ? { roots: { listChanged: true } } : {};
    const capabilities = this.forAll ? {} : { sampling: {}, elicitation: { form: {}, url: {} }, ...roots };
    const [protocolVersion] = HANDSHAKE_VERSIONS;
    return { protocolVersion, capabilities, clientInfo: { name: 'mcpgw', version: '1' } };
  }

  /** What sessions asked the child's forerunner for. */
  #restore(): void {
    for (const uri of this.subscriptions.uris) this.#tell('resources/subscribe', { uri });
    if (this.#level !== undefined) this.#tell('logging/setLevel', { level: this.#level });
  }

  /** A request whose answer nobody waits for. */
  #tell(method: string, params: Record<string, unknown>): void {
    this.#peer?.call({ kind: 'request', id: method, method, params }, { onAnswer: () => undefined });
  }

  #ended(peer: Peer, startedAtMs: number): void {
    if (this.#peer !== peer) return;
    this.#noteEnd(startedAtMs);
    this.#peer = undefined;
    this.#asked.clear();
    this.#unusedSinceMs = this.#options.now();
  }

  /** A child that ends soon after each start is not started with each call. */
  #noteEnd(startedAtMs: number): void {
    const nowMs = this.#options.now();
    this.#earlyEnds = nowMs - startedAtMs < SETTLED_MS ? this.#earlyEnds + 1 : 0;
    this.#notBeforeMs = nowMs + backoffMs(this.#earlyEnds);
  }

  #tooSoon(waitMs: number): StartRefusedError {
    const message = `The server of '${this.#options.service}' ended ${this.#earlyEnds} times soon after its start; try again later.`;
    return new StartRefusedError(message, 503, Math.ceil(waitMs / 1000));
  }

  #requested(message: RpcRequest, line: Buffer): boolean {
    const channel = this.forAll ? undefined : this.#whoIsMeant();
    if (channel === undefined || !channel.canBeAsked(message)) return false;
    if (message.method === ROOTS_LIST && !this.#options.clientRoots) return false;
    this.#asked.set(message.id, channel);
    channel.say(line);
    return true;
  }

  /** The one session that has a call under way, or the only one that there is. */
  #whoIsMeant(): SessionChannel | undefined {
    const busy = this.#busy();
    const [only, another] = busy.length > 0 ? busy : this.#channels;
    return another === undefined ? only : undefined;
  }

  #busy(): SessionChannel[] {
    return [...this.#channels].filter((channel) => channel.pendingCalls > 0);
  }

  #notified(message: RpcNotification, line: Buffer): void {
    for (const channel of this.#listeners(message)) channel.say(line);
  }

  #listeners({ method, params }: RpcNotification): Iterable<SessionChannel> {
    switch (method) {
      case 'notifications/tools/list_changed':
      case 'notifications/prompts/list_changed':
      case 'notifications/resources/list_changed':
        return this.#channels;
      case 'notifications/resources/updated':
        return this.subscriptions.of(params?.['uri']);
      case 'notifications/message':
        return this.#logListeners(params?.['level']);
      case 'notifications/cancelled':
        return this.#askedOf(params?.['requestId']);
      default:
        // It may be about one caller, and nothing says which.
        return this.forAll ? [] : this.#channels;
    }
  }

  /** Whose call a log message is about cannot be told while calls of several sessions are under way. */
  #logListeners(level: unknown): SessionChannel[] {
    const busy = this.#busy();
    const all = this.forAll ? (busy.length === 1 ? busy : []) : busy.length > 0 ? busy : [...this.#channels];
    return all.filter((channel) => passesLevel(level, channel.level));
  }

  #askedOf(id: unknown): SessionChannel[] {
    const channel = isId(id) ? this.#asked.get(id) : undefined;
    if (channel === undefined) return [];
    this.#asked.delete(id as RpcId);
    return [channel];
  }

  #giveUp(id: RpcId): void {
    this.#asked.delete(id);
    this.#peer?.respond(id, { error: { code: -32000, message: 'The client went away.' } });
  }
}
