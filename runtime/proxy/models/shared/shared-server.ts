/**
 * One child that many use, through a peer: sessions, and requests of the era without them. It is initialised by the proxy,
 * and again when it died; what sessions subscribed to and which log level they wanted holds on.
 */
import type { Logger } from '../../../config/log.ts';
import type { Child, ChildCommand, ChildHandlers } from '../../child/child.ts';
import type { Graces } from '../../child/ending.ts';
import { ROOTS_LIST } from '../../client-roots.ts';
import { HANDSHAKE_VERSIONS, type Refusal } from '../../http.ts';
import type { ProxyLimits } from '../../limits.ts';
import { ErrorCode, isId, type RpcId, type RpcRequest } from '../../messages/json-rpc.ts';
import type { LogLevel } from '../../messages/log-level.ts';
import { CLIENT_INFO } from '../../peer/client-info.ts';
import { PeerError, type Handshake, type RpcNotification } from '../../peer/peer-types.ts';
import { Peer } from '../../peer/peer.ts';
import { StartRefusedError, type Children } from '../children.ts';
import { startRefusal } from '../start-refusal.ts';
import { backoffMs } from '../starts.ts';
import { Members, type Member } from './members.ts';
import { Questions } from './questions.ts';
import { SessionChannel } from './session-channel.ts';

/** A child that lives longer than this has not failed at its start. */
const SETTLED_MS = 10_000;

/** Hears what the children say on their own, beside their members. */
export interface Observer {
  onNotification(peer: Peer, message: RpcNotification): void;
  /** The child is gone. */
  onEnd(peer: Peer): void;
}

export interface SharedServerOptions {
  service: string;
  /** Whose it is; undefined when all users share it. */
  user: string | undefined;
  limits: ProxyLimits;
  clientRoots: boolean;
  children: Children;
  /** As of `PeerOptions`. */
  serialCalls?: boolean | undefined;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  observer: () => Observer | undefined;
}

export class SharedServer {
  readonly members: Members;
  readonly #options: SharedServerOptions;
  readonly #asked: Questions;
  #command: ChildCommand;
  /** Until it has answered the handshake. */
  #starting: Peer | undefined;
  #peer: Peer | undefined;
  #opening: Promise<Peer> | undefined;
  #level: LogLevel | undefined;
  #unusedSinceMs: number;
  /** Sessions that wait for the child, and streams that stand on it. */
  #holds = 0;
  /** Ends in a row that came soon after a start. */
  #earlyEnds = 0;
  #notBeforeMs = 0;

  constructor(command: ChildCommand, options: SharedServerOptions) {
    this.#command = command;
    this.#options = options;
    this.#asked = new Questions(options.now);
    this.members = new Members(options.user === undefined, options.now);
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

  get pendingCalls(): number {
    return this.#peer?.pendingCalls ?? 0;
  }

  /** Somebody has it, or is about to. */
  get inUse(): boolean {
    return this.members.size > 0 || this.#holds > 0 || this.#opening !== undefined || this.pendingCalls > 0;
  }

  /** How long nobody has used it, in milliseconds; 0 while somebody does. */
  unusedMs(nowMs: number): number {
    return this.inUse ? 0 : nowMs - this.#unusedSinceMs;
  }

  /** Adds a session, once the child can answer it. @throws what `open` throws */
  async join(command: ChildCommand, handlers: ChildHandlers): Promise<SessionChannel> {
    const release = this.hold();
    try {
      await this.open(command);
    } finally {
      release();
    }
    const channel = new SessionChannel(this, handlers);
    this.members.add(channel);
    return channel;
  }

  /** Keeps the child from being idle. @returns what ends that */
  hold(): () => void {
    this.#holds += 1;
    return () => {
      this.#holds -= 1;
      this.#unusedSinceMs = this.#options.now();
    };
  }

  /** Whoever was added to the members is one no longer. */
  leave(member: Member): void {
    if (!this.members.remove(member)) return;
    this.#unusedSinceMs = this.#options.now();
    for (const id of this.#asked.leave(member)) this.#giveUp(id);
    for (const uri of this.members.subscriptions.leave(member)) this.#tell('resources/unsubscribe', { uri });
  }

  /**
   * The child, started anew where there is none.
   * @param command what to start from now on
   * @throws StartRefusedError, PeerError, NoPipesError, or what `spawn` throws
   */
  open(command = this.#command): Promise<Peer> {
    this.#command = command;
    if (this.#peer !== undefined) return Promise.resolve(this.#peer);
    const waitMs = this.#notBeforeMs - this.#options.now();
    if (waitMs > 0) return Promise.reject(this.#tooSoon(waitMs));
    this.#opening ??= this.#start().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  /** @returns what a caller is told of why `open` failed */
  refusalOf(error: unknown): Refusal {
    return startRefusal(error, this.#options);
  }

  /** Answers a request of the child's. @param member who does; whoever was not asked, is not heard */
  respond(id: RpcId, answer: Parameters<Peer['respond']>[1], member = this.#asked.get(id)): void {
    if (member === undefined || this.#asked.get(id) !== member) return;
    this.#asked.take(id);
    this.#peer?.respond(id, answer);
  }

  /** @returns the level that the child has to be set to, or undefined when it says enough already */
  levelFor(member: Member, level: LogLevel): LogLevel | undefined {
    member.level = level;
    const wanted = this.members.wantedLevel;
    if (wanted === this.#level) return undefined;
    this.#level = wanted;
    return wanted;
  }

  end(reason: string, graces: Graces): Promise<void> {
    return (this.#peer ?? this.#starting)?.end(reason, graces) ?? Promise.resolve();
  }

  async #start(): Promise<Peer> {
    const { service, user, limits, logger, now, children, serialCalls } = this.#options;
    const options = { service, limits, logger, now, serialCalls, logFields: { service, user } };
    let child: Child | undefined;
    const start = (handlers: ChildHandlers): Child =>
      (child = children.start({ command: this.#command, user, handlers }));
    try {
      const peer = new Peer(start, options);
      this.#starting = peer;
      await peer.initialize(this.#handshake());
      if (child !== undefined) children.initialised(child);
      if (peer.ended) {
        this.#noteEnd(now());
        throw new PeerError(`The server of '${service}' ended right away; its log says why.`, 502);
      }
      const startedAtMs = now();
      peer.handlers = {
        onNotification: (message, line) => this.#notified(peer, message, line),
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
    } finally {
      this.#starting = undefined;
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
    return { protocolVersion, capabilities, clientInfo: CLIENT_INFO };
  }

  /** What sessions asked the child's forerunner for. */
  #restore(): void {
    for (const uri of this.members.subscriptions.uris) this.#tell('resources/subscribe', { uri });
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
    this.#options.observer()?.onEnd(peer);
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
    if (message.method === ROOTS_LIST && !this.#options.clientRoots) return false;
    const member = this.members.whoIsMeant(this.#asked);
    if (member === undefined) return false;
    // Before it is asked: who cannot pass it on answers at once.
    this.#asked.add(message.id, member);
    const asked = member.asked(message, line);
    if (!asked) this.#asked.take(message.id);
    return asked;
  }

  #notified(peer: Peer, message: RpcNotification, line: Buffer): void {
    this.#options.observer()?.onNotification(peer, message);
    if (message.method === 'notifications/cancelled') this.#cancelled(message, line);
    else for (const member of this.members.listeners(message)) member.told(message, line);
  }

  #cancelled(message: RpcNotification, line: Buffer): void {
    const id = message.params?.['requestId'];
    if (isId(id)) this.#asked.take(id)?.told(message, line);
  }

  #giveUp(id: RpcId): void {
    this.#peer?.respond(id, { error: { code: ErrorCode.server, message: 'The client went away.' } });
  }
}
