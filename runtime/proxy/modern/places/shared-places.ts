/**
 * The era without sessions in the process models `user` and `shared`: its requests go to the one child that the sessions
 * have, so that no two processes work on one user's data. A server that does the handshake therefore gets it, even if it
 * spoke 2026-07-28 as well; one of that revision alone has children of the pool's.
 */
import type { CallerContext } from '../../../config/context.ts';
import type { Logger } from '../../../config/log.ts';
import { SHUTTING_DOWN } from '../../checks.ts';
import type { ChildCommand } from '../../child/child.ts';
import type { Graces } from '../../child/ending.ts';
import type { Refusal } from '../../http.ts';
import type { LogLevel } from '../../messages/log-level.ts';
import type { SharedServer } from '../../models/shared/shared-server.ts';
import type { SharedServers } from '../../models/shared/shared-servers.ts';
import { startRefusal } from '../../models/start-refusal.ts';
import type { KnownEra } from '../../modern-child/era.ts';
import { PeerError } from '../../peer/peer-types.ts';
import type { Peer } from '../../peer/peer.ts';
import type { Members } from '../envelope/envelope.ts';
import type { Places, Use } from './places.ts';
import type { Pool, PoolOptions } from './pool.ts';
import { type ActiveCall, PooledPeer } from './pooled-peer.ts';
import { SharedPeer } from './shared-peer.ts';

export interface SharedPlacesOptions extends Pick<PoolOptions, 'onChange' | 'onGone'> {
  service: string;
  logger: Logger;
  servers: SharedServers;
  era: KnownEra;
  /** Has the children of a server that does no handshake. */
  pool: Pool;
  /** What to start for a caller. */
  command: (caller: CallerContext) => ChildCommand | Promise<ChildCommand>;
}

export class SharedPlaces implements Places {
  readonly #options: SharedPlacesOptions;
  readonly #peers = new Map<Peer, SharedPeer>();
  #closing = false;

  constructor(options: SharedPlacesOptions) {
    this.#options = options;
    options.servers.observer = {
      onNotification: (peer, message) => {
        const shared = this.#peers.get(peer);
        if (shared === undefined) return;
        if (message.method === 'notifications/tools/list_changed') shared.forgetTools();
        options.onChange(shared.owner, message);
      },
      onEnd: (peer) => this.#gone(peer),
    };
  }

  join(
    caller: CallerContext,
    capabilities: Members,
    call: ActiveCall,
    use: Use,
  ): PooledPeer | Promise<PooledPeer | Refusal> {
    const { era, pool, servers } = this.#options;
    if (era.handshake === false) return pool.join(caller, capabilities, call, use);
    const server = servers.find(caller.sub);
    return server?.peer === undefined
      ? this.#start(caller, capabilities, call, use)
      : this.#enter(server, server.peer, caller, call, use);
  }

  leave(pooled: PooledPeer, call: ActiveCall, givenUp?: boolean): void {
    if (pooled instanceof SharedPeer) pooled.leave(call, givenUp);
    else this.#options.pool.leave(pooled, call);
  }

  setLogLevel(pooled: PooledPeer, level: LogLevel, call: ActiveCall): Promise<void> {
    return pooled instanceof SharedPeer ? pooled.logFor(call, level) : pooled.setLogLevel(level);
  }

  /** The servers' own idle time ends theirs. */
  sweep(idleMs: number): void {
    this.#options.pool.sweep(idleMs);
  }

  refuseNew(): void {
    this.#closing = true;
    this.#options.pool.refuseNew();
  }

  close(graces: Graces): Promise<void> {
    this.refuseNew();
    return this.#options.pool.close(graces);
  }

  async #start(
    caller: CallerContext,
    capabilities: Members,
    call: ActiveCall,
    use: Use,
  ): Promise<PooledPeer | Refusal> {
    const { service, logger, servers, era, pool, command } = this.#options;
    const { sub: user } = caller;
    try {
      const toStart = await command(caller);
      if (this.#closing) return SHUTTING_DOWN;
      const server = servers.obtain(user, toStart);
      const peer = await server.open(toStart);
      if (!this.#isModernOnly) return this.#enter(server, peer, caller, call, use);
      servers.release(user);
    } catch (error) {
      // A server of 2026-07-28 alone need not answer a handshake: the pool asks it in its own way.
      if (!(error instanceof PeerError) || era.handshake === true)
        return startRefusal(error, { service, user, logger });
    }
    const joined = await pool.join(caller, capabilities, call, use);
    if (!(joined instanceof PooledPeer) || joined.hello.modern) return joined;
    // It does the handshake after all, so that its one child is the server's.
    pool.leave(joined, call);
    pool.end(joined, 'Another child has its place.');
    return this.#start(caller, capabilities, call, use);
  }

  get #isModernOnly(): boolean {
    return this.#options.era.handshake === false;
  }

  #enter(
    server: SharedServer,
    peer: Peer,
    { clientId }: CallerContext,
    call: ActiveCall,
    use: Use,
  ): SharedPeer {
    let shared = this.#peers.get(peer);
    if (shared === undefined) {
      shared = new SharedPeer(server, peer);
      this.#peers.set(peer, shared);
    }
    if (use !== 'any') shared.enter(call, clientId);
    return shared;
  }

  #gone(peer: Peer): void {
    const shared = this.#peers.get(peer);
    if (shared === undefined) return;
    this.#peers.delete(peer);
    shared.gone();
    this.#options.onGone(shared);
  }
}
