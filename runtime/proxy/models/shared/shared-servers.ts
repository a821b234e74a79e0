/** The process models `user` and `shared`: one child for all that a user does, or everybody. */
import type { ChildCommand } from '../../child/child.ts';
import type { Graces } from '../../child/ending.ts';
import type { SessionChild, ChildSource, StartRequest } from '../session-child.ts';
import { SharedServer, type Observer, type SharedServerOptions } from './shared-server.ts';

export interface SharedServersOptions extends Omit<SharedServerOptions, 'user' | 'observer'> {
  model: 'user' | 'shared';
}

const SWEEP_MS = 1000;

export class SharedServers implements ChildSource {
  observer: Observer | undefined;
  readonly #options: SharedServersOptions;
  /** By user; the one that all share is undefined's. */
  readonly #servers = new Map<string | undefined, SharedServer>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: SharedServersOptions) {
    this.#options = options;
    options.children.budget.onNeed((user) => this.#giveUp(user));
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  /** Of its servers, one has calls that have not been answered. */
  get busy(): boolean {
    return [...this.#servers.values()].some(({ pendingCalls }) => pendingCalls > 0);
  }

  start({ command, user, handlers }: StartRequest): Promise<SessionChild> {
    return this.obtain(user, command).join(command, handlers);
  }

  /** @returns the server that this user's requests go to; undefined when there is none yet */
  find(user: string | undefined): SharedServer | undefined {
    return this.#servers.get(this.#ownerOf(user));
  }

  /** @returns the server that this user's requests go to; it may have no child yet */
  obtain(user: string | undefined, command: ChildCommand): SharedServer {
    const owner = this.#ownerOf(user);
    let server = this.#servers.get(owner);
    if (server === undefined) {
      server = new SharedServer(command, { ...this.#options, user: owner, observer: () => this.observer });
      this.#servers.set(owner, server);
    }
    return server;
  }

  /** Ends the server of this user, unless somebody uses it. */
  release(user: string | undefined): void {
    const server = this.find(user);
    if (server !== undefined && !server.inUse) this.#end(this.#ownerOf(user), server);
  }

  /** The child has been initialised already when a session gets its part of it. */
  initialised(): void {}

  failed(): void {}

  async close(graces: Graces): Promise<void> {
    clearInterval(this.#timer);
    const servers = [...this.#servers.values()];
    await Promise.all(servers.map((server) => server.end('The proxy is shutting down.', graces)));
  }

  #ownerOf(user: string | undefined): string | undefined {
    return this.#options.model === 'user' ? user : undefined;
  }

  /** @returns whether there was one that nobody uses */
  #giveUp(user: string | undefined): boolean {
    for (const [owner, server] of this.#servers) {
      if (server.peer === undefined || server.inUse) continue;
      if (user === undefined || owner === user) return this.#end(owner, server);
    }
    return false;
  }

  #sweep(): void {
    const { now, limits } = this.#options;
    for (const [owner, server] of this.#servers) {
      if (server.unusedMs(now()) > limits.idleChildSeconds * 1000) this.#end(owner, server);
    }
  }

  #end(owner: string | undefined, server: SharedServer): true {
    this.#servers.delete(owner);
    void server.end('Nobody used the server.', this.#options.limits);
    return true;
  }
}
