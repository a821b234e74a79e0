/** The last message that was echoed: of a session, or, in the modern era, which has none, of a user. */

/** A longer message is remembered by its beginning, in characters: thousands of sessions may each hold one. */
export const MAX_REMEMBERED_CHARACTERS = 65_536;

export interface RememberedEcho {
  /** At most `MAX_REMEMBERED_CHARACTERS` of the message. */
  message: string;
  /** Characters of the whole message. */
  length: number;
  /** Milliseconds since the epoch. */
  atMs: number;
}

export interface EchoMemory {
  remember(message: string, atMs: number): void;
  recall(): RememberedEcho | undefined;
}

/** A memory of one message. */
export function createEchoMemory(): EchoMemory {
  let last: RememberedEcho | undefined;
  return {
    remember(message, atMs) {
      last = { message: message.slice(0, MAX_REMEMBERED_CHARACTERS), length: message.length, atMs };
    },
    recall: () => last,
  };
}

export interface UserEchoLimits {
  /** The one used least recently is forgotten to make room. */
  maxUsers: number;
  /** A message is forgotten after this many seconds. */
  idleSeconds: number;
}

/** One message for each user. */
export class UserEchoes {
  readonly #limits: UserEchoLimits;
  readonly #now: () => number;
  /** In the order of use, the oldest first. */
  readonly #byUser = new Map<string, RememberedEcho>();

  /** @param now milliseconds since the epoch */
  constructor(limits: UserEchoLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#byUser.size;
  }

  /** Costs nothing until something is remembered. */
  of(userId: string): EchoMemory {
    return {
      remember: (message, atMs) => {
        const memory = createEchoMemory();
        memory.remember(message, atMs);
        const echo = memory.recall();
        if (echo !== undefined) this.#keep(userId, echo);
      },
      recall: () => {
        this.sweep();
        return this.#byUser.get(userId);
      },
    };
  }

  sweep(): void {
    for (const [userId, { atMs }] of this.#byUser) {
      if (atMs + this.#limits.idleSeconds * 1000 > this.#now()) return;
      this.#byUser.delete(userId);
    }
  }

  clear(): void {
    this.#byUser.clear();
  }

  #keep(userId: string, echo: RememberedEcho): void {
    this.#byUser.delete(userId);
    this.#byUser.set(userId, echo);
    if (this.#byUser.size <= this.#limits.maxUsers) return;
    const oldest = this.#byUser.keys().next();
    if (oldest.done !== true) this.#byUser.delete(oldest.value);
  }
}
