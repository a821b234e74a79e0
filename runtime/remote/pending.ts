/** Requests and streams under way: how many there may be, and the end of all of them. */
import { unavailable } from '../proxy/checks.ts';
import type { Refusal } from '../proxy/http.ts';
import type { RemoteLimits } from './limits.ts';
import type { RemoteSession } from './sessions.ts';

export interface Admitted {
  /** Aborted when the client goes away, or the service ends. */
  signal: AbortSignal;
  abort(): void;
  done(): void;
}

export class Pending {
  readonly #limits: RemoteLimits;
  readonly #now: () => number;
  readonly #byUser = new Map<string, number>();
  readonly #running = new Set<AbortController>();
  /** Those of them that have no end of their own. */
  readonly #streams = new Set<AbortController>();
  #closing = false;

  /** @param now milliseconds since the epoch */
  constructor(limits: RemoteLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  get closing(): boolean {
    return this.#closing;
  }

  get size(): number {
    return this.#running.size;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** @param session that is kept alive by it */
  admit(user: string, session: RemoteSession | undefined, kind: 'call' | 'stream'): Admitted | Refusal {
    if (this.#closing) return unavailable(503, 'The gateway is shutting down.');
    if (this.size >= this.#limits.maxPending)
      return unavailable(503, 'Too many requests to this server are under way; try again later.');
    const own = this.#byUser.get(user) ?? 0;
    if (own >= this.#limits.maxPendingPerUser)
      return unavailable(429, `${own} requests of yours to this server are under way already.`);
    const controller = new AbortController();
    this.#running.add(controller);
    if (kind === 'stream') this.#streams.add(controller);
    this.#byUser.set(user, own + 1);
    if (session !== undefined) session.pending += 1;
    const done = () => {
      if (!this.#running.delete(controller)) return;
      this.#streams.delete(controller);
      const left = (this.#byUser.get(user) ?? 1) - 1;
      if (left === 0) this.#byUser.delete(user);
      else this.#byUser.set(user, left);
      if (session === undefined) return;
      session.pending -= 1;
      session.lastActiveMs = this.#now();
    };
    return { signal: controller.signal, abort: () => controller.abort(), done };
  }

  /** Admits no more, and ends what would not end by itself. */
  close(): void {
    this.#closing = true;
    for (const controller of this.#streams) controller.abort();
  }

  abortAll(): void {
    for (const controller of this.#running) controller.abort();
  }
}
