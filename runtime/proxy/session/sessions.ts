/** All sessions of one proxy: how many there may be, whose they are, and when they end by themselves. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../config/log.ts';
import { planClose } from '../child/ending.ts';
import { sweepMs, type ProxyLimits } from '../limits.ts';
import type { Children } from '../models/children.ts';
import type { ChildSource } from '../models/session-child.ts';
import type { OutflowBudget } from '../streams/outflow.ts';
import { ReplayBudget } from '../streams/replay.ts';
import { Session } from './session.ts';

export interface SessionsOptions {
  service: string;
  limits: ProxyLimits;
  /** Whether the server may ask clients for their roots. */
  clientRoots: boolean;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Where sessions get their children from. */
  children: ChildSource;
  /** Where those get them from in the end. */
  started: Children;
  outflows: OutflowBudget;
}

export type Admission = Session | 'closing' | 'full' | 'user-full';

const POLL_MS = 20;
/** How many children may leave unread what one may at most. */
const CONGESTED_SESSIONS = 4;
/** Unread by a child that does read. */
const LITTLE_BYTES = 64 * 1024;

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #replays: ReplayBudget;
  readonly #sessions = new Map<string, Session>();
  /** Ended for their clients, but something of the child may still be there. */
  readonly #ending = new Set<Session>();
  readonly #timers: NodeJS.Timeout[];
  #closing: Promise<void> | undefined;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#replays = new ReplayBudget(options.limits.maxMessageBytes);
    const { sessionIdleSeconds, keepAliveSeconds } = options.limits;
    const keepAliveMs = keepAliveSeconds * 1000;
    this.#timers = [
      setInterval(() => this.#sweep(), sweepMs(sessionIdleSeconds)).unref(),
      setInterval(() => this.#keepAlive(keepAliveMs), keepAliveMs).unref(),
    ];
  }

  get closing(): boolean {
    return this.#closing !== undefined;
  }

  stats(): { sessions: number; children: number } {
    return { sessions: this.#sessions.size, children: this.#options.started.stats().children };
  }

  /** GET streams of all sessions. */
  get openStreams(): number {
    let streams = 0;
    for (const session of this.#sessions.values()) streams += session.openStreams;
    return streams;
  }

  /** @returns a session that still has to be started, or why there is none */
  open(user: string): Admission {
    const { limits } = this.#options;
    if (this.closing) return 'closing';
    if (this.#sessions.size >= limits.maxSessions) return 'full';
    let own = 0;
    for (const session of this.#sessions.values()) if (session.user === user) own += 1;
    if (own >= limits.maxSessionsPerUser) return 'user-full';
    const onEnd = (ended: Session, gone: Promise<void>): void => this.#ended(ended, gone);
    const session = new Session({ ...this.#options, replays: this.#replays, id: randomUUID(), user, onEnd });
    this.#sessions.set(session.id, session);
    return session;
  }

  /** @returns the session, when it is there, ready and this user's */
  find(id: string, user: string): Session | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined || session.user !== user || session.protocolVersion === undefined)
      return undefined;
    if (!this.#expired(session)) return session;
    void session.end('The session has expired.');
    return undefined;
  }

  /** Whether children leave so much unread in all that this session, whose own does, may send no more for now. */
  areCongested(session: Session): boolean {
    if (session.unreadBytes < LITTLE_BYTES) return false;
    let unread = 0;
    for (const each of this.#sessions.values()) unread += each.unreadBytes;
    return unread > CONGESTED_SESSIONS * this.#options.limits.maxBufferedBytes;
  }

  /**
   * No new session from now on; calls get half of the time to finish, then all children end.
   * @param graceMs by when all is over, in milliseconds
   */
  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#drain(graceMs);
    return this.#closing;
  }

  async #drain(graceMs: number): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const { children, started, limits } = this.#options;
    const { callsMs, graces } = planClose(graceMs, limits);
    const sparesGone = started.close(graces);
    const busy = (session: Session): boolean => session.pendingCalls > 0;
    for (let waited = 0; ; waited += POLL_MS) {
      const last = waited >= callsMs;
      for (const session of this.#sessions.values()) {
        if (last || !busy(session)) void session.end('The proxy is shutting down.', 503, graces);
      }
      if (this.#sessions.size === 0 && (last || children.busy !== true)) break;
      await delay(POLL_MS);
    }
    await Promise.all([sparesGone, ...[...this.#ending].map((session) => session.end('', 503, graces))]);
    await children.close(graces);
  }

  #ended(session: Session, gone: Promise<void>): void {
    this.#sessions.delete(session.id);
    this.#ending.add(session);
    void gone.finally(() => this.#ending.delete(session));
  }

  #expired(session: Session): boolean {
    return session.idleMs(this.#options.now()) > this.#options.limits.sessionIdleSeconds * 1000;
  }

  #sweep(): void {
    for (const session of this.#sessions.values()) {
      if (session.protocolVersion !== undefined && this.#expired(session))
        void session.end('The session has expired.');
    }
  }

  #keepAlive(intervalMs: number): void {
    const before = this.#options.now() - intervalMs;
    for (const session of this.#sessions.values()) session.keepAlive(before);
  }
}
