/**
 * Sessions of a handshake-era service: who opened which, how many there may be, and when one has been idle too long.
 * "A session belongs to the user who opened it; another user's, an unknown or an expired one gets 404" (DESIGN.md).
 */

export interface SessionLimits {
  maxSessions: number;
  maxSessionsPerUser: number;
  /** A session that no request has used for this many seconds ends. */
  idleSeconds: number;
}

export interface Session<Value> {
  readonly id: string;
  readonly userId: string;
  /** Milliseconds since the epoch. */
  readonly openedAtMs: number;
  /** When its last request began or ended, in milliseconds since the epoch. */
  usedAtMs: number;
  /** Requests and streams that are open now; a session with one is never idle. */
  open: number;
  readonly value: Value;
}

/** Why no session was opened, and when to try again. */
export interface SessionRefusal {
  limit: 'user' | 'service';
  retryAfterSeconds: number;
}

export class SessionStore<Value> {
  readonly #limits: SessionLimits;
  readonly #now: () => number;
  readonly #onExpired: (session: Session<Value>) => void;
  readonly #sessions = new Map<string, Session<Value>>();
  readonly #perUser = new Map<string, number>();

  /**
   * @param now milliseconds since the epoch
   * @param onExpired frees what the session holds; the session is gone from the store already
   */
  constructor(limits: SessionLimits, now: () => number, onExpired: (session: Session<Value>) => void) {
    this.#limits = limits;
    this.#now = now;
    this.#onExpired = onExpired;
  }

  get size(): number {
    return this.#sessions.size;
  }

  countOf(userId: string): number {
    return this.#perUser.get(userId) ?? 0;
  }

  /** Opens a session, or says which limit forbids it. */
  open(id: string, userId: string, value: Value): Session<Value> | SessionRefusal {
    const refusal = this.#refusal(userId);
    if (refusal !== undefined) return refusal;
    const now = this.#now();
    const session: Session<Value> = { id, userId, openedAtMs: now, usedAtMs: now, open: 0, value };
    this.#sessions.set(id, session);
    this.#perUser.set(userId, this.countOf(userId) + 1);
    return session;
  }

  /** @returns the session, or undefined when it is unknown, expired or another user's: a caller cannot tell which */
  find(id: string, userId: string): Session<Value> | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined || session.userId !== userId) return undefined;
    if (!this.#isIdle(session)) return session;
    this.#expire(session);
    return undefined;
  }

  /** Keeps the session from expiring until `finished` resolves: the length of a request or of a stream. */
  hold(session: Session<Value>, finished: Promise<void>): void {
    session.open += 1;
    session.usedAtMs = this.#now();
    void finished.then(() => {
      session.open -= 1;
      session.usedAtMs = this.#now();
    });
  }

  remove(id: string): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    const left = this.countOf(session.userId) - 1;
    if (left > 0) this.#perUser.set(session.userId, left);
    else this.#perUser.delete(session.userId);
  }

  /** Ends every session that has been idle too long. */
  sweep(): void {
    for (const session of this.#sessions.values()) if (this.#isIdle(session)) this.#expire(session);
  }

  /** Takes all sessions out, for the caller to close. */
  drain(): Session<Value>[] {
    const all = [...this.#sessions.values()];
    this.#sessions.clear();
    this.#perUser.clear();
    return all;
  }

  #refusal(userId: string): SessionRefusal | undefined {
    const over = () => ({
      user: this.countOf(userId) >= this.#limits.maxSessionsPerUser,
      service: this.size >= this.#limits.maxSessions,
    });
    const before = over();
    if (!before.user && !before.service) return undefined;
    this.sweep();
    const { user, service } = over();
    if (user) return { limit: 'user', retryAfterSeconds: this.#secondsToNextExpiry(userId) };
    if (service) return { limit: 'service', retryAfterSeconds: this.#secondsToNextExpiry() };
    return undefined;
  }

  /** Of one user's sessions, or of all. A session in use may end any time: it is assumed to have just been used. */
  #secondsToNextExpiry(userId?: string): number {
    const now = this.#now();
    let soonest = now + this.#limits.idleSeconds * 1000;
    for (const session of this.#sessions.values()) {
      if (session.open > 0 || (userId !== undefined && session.userId !== userId)) continue;
      soonest = Math.min(soonest, session.usedAtMs + this.#limits.idleSeconds * 1000);
    }
    return Math.max(1, Math.ceil((soonest - now) / 1000));
  }

  #isIdle(session: Session<Value>): boolean {
    return session.open === 0 && session.usedAtMs + this.#limits.idleSeconds * 1000 <= this.#now();
  }

  #expire(session: Session<Value>): void {
    this.remove(session.id);
    this.#onExpired(session);
  }
}
