/**
 * Sessions of handshake-era clients with a remote server. A client gets an id of ours: the server's own is nobody's to
 * know, and whose a session is must not depend on how well the server makes its ids.
 */
import { randomUUID } from 'node:crypto';
import { sweepMs } from '../proxy/limits.ts';
import type { RemoteLimits } from './limits.ts';

export interface RemoteSession {
  /** As the client knows it. */
  readonly id: string;
  /** As the server knows it. */
  readonly upstreamId: string;
  /** `sub` of the user who opened it. */
  readonly user: string;
  /** Requests and streams under way. */
  pending: number;
  /** Milliseconds since the epoch. */
  lastActiveMs: number;
}

export interface RemoteSessionsOptions {
  limits: RemoteLimits;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Called with a session that has ended by itself: the server shall not keep it either. */
  onExpired: (session: RemoteSession) => void;
}

export class RemoteSessions {
  readonly #options: RemoteSessionsOptions;
  readonly #sessions = new Map<string, RemoteSession>();
  /** Handshakes under way, by user. */
  readonly #opening = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: RemoteSessionsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#sweep(), sweepMs(options.limits.sessionIdleSeconds)).unref();
  }

  get size(): number {
    return this.#sessions.size;
  }

  all(): RemoteSession[] {
    return [...this.#sessions.values()];
  }

  /**
   * Keeps a place for a session that is being opened.
   * @returns gives the place back; or why there is none
   */
  reserve(user: string): (() => void) | 'full' | 'user-full' {
    const { maxSessions, maxSessionsPerUser } = this.#options.limits;
    const opening = [...this.#opening.values()].reduce((sum, count) => sum + count, 0);
    const mine = this.#opening.get(user) ?? 0;
    if (this.#sessions.size + opening >= maxSessions) return 'full';
    const own = this.all().filter((session) => session.user === user).length;
    if (own + mine >= maxSessionsPerUser) return 'user-full';
    this.#opening.set(user, mine + 1);
    return () => {
      const left = (this.#opening.get(user) ?? 1) - 1;
      if (left === 0) this.#opening.delete(user);
      else this.#opening.set(user, left);
    };
  }

  open(upstreamId: string, user: string): RemoteSession {
    const lastActiveMs = this.#options.now();
    const session = { id: randomUUID(), upstreamId, user, pending: 0, lastActiveMs };
    this.#sessions.set(session.id, session);
    return session;
  }

  /** @returns the session when it is there and this user's */
  find(id: string, user: string): RemoteSession | undefined {
    const session = this.#sessions.get(id);
    if (session?.user !== user) return undefined;
    if (!this.#expired(session)) return session;
    this.#expire(session);
    return undefined;
  }

  remove(session: RemoteSession): void {
    this.#sessions.delete(session.id);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#sessions.clear();
  }

  #expired({ pending, lastActiveMs }: RemoteSession): boolean {
    return (
      pending === 0 && this.#options.now() - lastActiveMs > this.#options.limits.sessionIdleSeconds * 1000
    );
  }

  #expire(session: RemoteSession): void {
    this.remove(session);
    this.#options.onExpired(session);
  }

  #sweep(): void {
    for (const session of this.#sessions.values()) if (this.#expired(session)) this.#expire(session);
  }
}
