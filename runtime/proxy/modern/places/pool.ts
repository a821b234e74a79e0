/**
 * Children for requests without a session: some for each user, told apart by the client's capabilities that they were
 * initialised with. Calls during which a child may ask its client something have it for themselves; all others of one user
 * share one.
 */
import type { CallerContext } from '../../../config/context.ts';
import { SHUTTING_DOWN } from '../../checks.ts';
import type { Child, ChildCommand, ChildHandlers } from '../../child/child.ts';
import type { Graces } from '../../child/ending.ts';
import { MODERN_VERSION, type Refusal } from '../../http.ts';
import type { RpcNotification, RpcRequest } from '../../messages/json-rpc.ts';
import type { LogLevel } from '../../messages/log-level.ts';
import type { Children } from '../../models/children.ts';
import { startRefusal } from '../../models/start-refusal.ts';
import { PeerError, type PeerOptions } from '../../peer/peer-types.ts';
import type { Peer } from '../../peer/peer.ts';
import type { Members } from '../envelope/envelope.ts';
import { openPeer } from './open-peer.ts';
import type { Places, Use } from './places.ts';
import { type ActiveCall, ANY_CLIENT, PooledPeer } from './pooled-peer.ts';

export interface PoolOptions extends Omit<PeerOptions, 'logFields'> {
  children: Children;
  /** One child serves all users: for servers that ask nothing and keep nothing of anybody. */
  shared: boolean;
  /** What to start for a caller. */
  command: (caller: CallerContext) => ChildCommand | Promise<ChildCommand>;
  /** Told what a user's child says that may interest all of the user's streams. */
  onChange(owner: string | undefined, message: RpcNotification): void;
  onGone(peer: PooledPeer): void;
}

export class Pool implements Places {
  readonly #options: PoolOptions;
  readonly #peers = new Set<PooledPeer>();
  /** Children that are being started, by user and key. */
  readonly #opening = new Map<string, Promise<PooledPeer | Refusal>>();
  readonly #ending = new Set<Promise<void>>();
  #closing = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    options.children.budget.onNeed((user) => this.#giveUp(user));
  }

  join(
    caller: CallerContext,
    capabilities: Members,
    call: ActiveCall,
    use: Use,
  ): PooledPeer | Promise<PooledPeer | Refusal> {
    const found = this.#find(this.#ownerOf(caller), this.#keyOf(capabilities), use);
    return found === undefined ? this.#joinNew(caller, capabilities, call, use) : enter(found, call, use);
  }

  async #joinNew(
    caller: CallerContext,
    capabilities: Members,
    call: ActiveCall,
    use: Use,
  ): Promise<PooledPeer | Refusal> {
    for (;;) {
      // Anew each time: the first child shows whether it makes a difference.
      const key = this.#keyOf(capabilities);
      const found = this.#find(this.#ownerOf(caller), key, use);
      if (found !== undefined) return enter(found, call, use);
      const name = JSON.stringify([this.#ownerOf(caller), key]);
      const opening = this.#opening.get(name);
      if (opening !== undefined) {
        const opened = await opening;
        if (!(opened instanceof PooledPeer)) return opened;
        continue;
      }
      const opened = this.#open(caller, capabilities, key).finally(() => this.#opening.delete(name));
      this.#opening.set(name, opened);
      const peer = await opened;
      if (!(peer instanceof PooledPeer)) return peer;
    }
  }

  leave(pooled: PooledPeer, call: ActiveCall): void {
    pooled.active.delete(call);
    if (pooled.exclusive !== call) return;
    pooled.exclusive = undefined;
    if (pooled.spent && !pooled.inUse) this.end(pooled, 'Its last call was given up.');
  }

  setLogLevel(pooled: PooledPeer, level: LogLevel): Promise<void> {
    return pooled.setLogLevel(level);
  }

  sweep(idleMs: number): void {
    const now = this.#options.now();
    for (const each of this.#peers) {
      if (!each.inUse && (each.spent || each.peer.idleMs(now) > idleMs))
        this.end(each, 'It was not used any more.');
    }
  }

  end(pooled: PooledPeer, reason: string, graces?: Graces): void {
    this.#peers.delete(pooled);
    this.#end(pooled.peer, reason, graces);
  }

  refuseNew(): void {
    this.#closing = true;
  }

  async close(graces: Graces): Promise<void> {
    this.refuseNew();
    for (const each of this.#peers) this.end(each, 'The proxy is shutting down.', graces);
    await Promise.allSettled([...this.#opening.values()]);
    for (const each of this.#peers) this.end(each, 'The proxy is shutting down.', graces);
    await Promise.all(this.#ending);
  }

  #failedChild(child: Child): void {
    const { children, limits } = this.#options;
    children.failed(child, 'did not initialize');
    this.#noteEnd(child.end(limits));
  }

  #end(peer: Peer, reason: string, graces?: Graces): void {
    this.#noteEnd(peer.end(reason, graces));
  }

  #noteEnd(gone: Promise<void>): void {
    this.#ending.add(gone);
    void gone.finally(() => this.#ending.delete(gone));
  }

  /** @returns whose child it is; undefined when it is everybody's */
  #ownerOf({ sub }: CallerContext): string | undefined {
    return this.#options.shared ? undefined : sub;
  }

  #keyOf(capabilities: Members): string {
    return this.#options.children.era.modern === true ? ANY_CLIENT : JSON.stringify(capabilities);
  }

  #find(owner: string | undefined, key: string, use: Use): PooledPeer | undefined {
    for (const each of this.#peers) {
      if (each.owner !== owner || each.key !== key || each.spent) continue;
      if (use === 'any' || (each.exclusive === undefined && (use === 'shared' || each.active.size === 0)))
        return each;
    }
    return undefined;
  }

  async #open(caller: CallerContext, capabilities: Members, key: string): Promise<PooledPeer | Refusal> {
    if (this.#closing) return SHUTTING_DOWN;
    try {
      return await this.#start(caller, capabilities, key);
    } catch (error) {
      return startRefusal(error, { ...this.#options, user: caller.sub });
    }
  }

  async #start(caller: CallerContext, capabilities: Members, key: string): Promise<PooledPeer> {
    const { service, limits, logger, now, children, serialCalls } = this.#options;
    const owner = this.#ownerOf(caller);
    const logFields = { service, user: owner };
    const command = await this.#options.command(caller);
    let child: Child | undefined;
    const start = (handlers: ChildHandlers): Child =>
      (child = children.start({ command, user: owner, handlers, raw: true }));
    const { era } = children;
    const open = { service, limits, logger, now, serialCalls, logFields, era, start, capabilities };
    const { peer, hello } = await openPeer(open).catch((error: unknown) => {
      if (child !== undefined) this.#failedChild(child);
      throw error;
    });
    if (child !== undefined) children.initialised(child);
    if (peer.ended)
      throw new PeerError(`The server of '${service}' ended right away; its log says why.`, 502);
    const pooled = new PooledPeer(peer, hello, owner, hello.modern ? ANY_CLIENT : key);
    peer.handlers = {
      onRequest: (message, line) => this.#asked(pooled, message, line),
      onNotification: (message, line) => this.#told(pooled, message, line),
      onEnd: () => this.#gone(pooled),
    };
    const protocolVersion = peer.initialized?.protocolVersion ?? MODERN_VERSION;
    logger.info({ ...logFields, protocolVersion }, 'server started for calls');
    this.#peers.add(pooled);
    return pooled;
  }

  /** Makes room for another child of the proxy's. @returns whether there was one that nobody uses */
  #giveUp(user: string | undefined): boolean {
    for (const each of this.#peers) {
      if (each.inUse || (user !== undefined && each.owner !== user)) continue;
      this.end(each, 'Its place was needed.');
      return true;
    }
    return false;
  }

  /** What a child asks is meant for the call that has it for itself, or for the only one there is. */
  #asked({ exclusive, active }: PooledPeer, message: RpcRequest, line: Buffer): boolean {
    if (exclusive !== undefined) return exclusive.asked(message, line);
    const [only] = active;
    return only !== undefined && active.size === 1 && only.asked(message, line);
  }

  #told(pooled: PooledPeer, message: RpcNotification, line: Buffer): void {
    if (pooled.hello.modern && pooled.toStream(message)) return;
    pooled.exclusive?.told(message, line);
    if (message.method === 'notifications/tools/list_changed') pooled.forgetTools();
    if (!pooled.hello.modern) this.#options.onChange(pooled.owner, message);
  }

  #gone(pooled: PooledPeer): void {
    this.end(pooled, 'The server is gone.');
    this.#options.onGone(pooled);
  }
}

function enter(pooled: PooledPeer, call: ActiveCall, use: Use): PooledPeer {
  if (use === 'exclusive') pooled.exclusive = call;
  else if (use === 'shared') pooled.active.add(call);
  return pooled;
}
