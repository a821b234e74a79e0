/** The process models `user` and `shared`: one child for all sessions of a user, or of everybody. */
import type { Graces } from '../child.ts';
import type { SessionChild, ChildSource, StartRequest } from './session-child.ts';
import { SharedServer, type SharedServerOptions } from './shared-server.ts';

export interface SharedServersOptions extends Omit<SharedServerOptions, 'user'> {
  model: 'user' | 'shared';
}

const SWEEP_MS = 1000;

export class SharedServers implements ChildSource {
  readonly #options: SharedServersOptions;
  /** By user; the one that all share is undefined's. */
  readonly #servers = new Map<string | undefined, SharedServer>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: SharedServersOptions) {
    this.#options = options;
    options.children.budget.onNeed((user) => this.#giveUp(user));
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  start({ command, user, handlers }: StartRequest): Promise<SessionChild> {
    const owner = this.#options.model === 'user' ? user : undefined;
    let server = this.#servers.get(owner);
    if (server === undefined) {
      server = new SharedServer(command, { ...this.#options, user: owner });
      this.#servers.set(owner, server);
    }
    return server.join(command, handlers);
  }

  /** The child has been initialised already when a session gets its part of it. */
  initialised(): void {}

  failed(): void {}

  async close(graces: Graces): Promise<void> {
    clearInterval(this.#timer);
    const servers = [...this.#servers.values()];
    await Promise.all(servers.map((server) => server.end('The proxy is shutting down.', graces)));
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
