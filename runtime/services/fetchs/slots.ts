/** How many fetches there are at the same time, for each user and in all; the others wait, first come, first served. */
import { FetchError } from './fetch-error.ts';

export interface SlotLimits {
  total: number;
  perUser: number;
  waitingPerUser: number;
}

interface Waiting {
  user: string;
  admit: () => void;
}

export class Slots {
  readonly #limits: SlotLimits;
  readonly #running = new Map<string, number>();
  #total = 0;
  #waiting: Waiting[] = [];

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  /**
   * Waits for a place.
   * @returns gives the place back; to be called once
   * @throws FetchError where too many of the user's wait already; the reason of `signal`
   */
  async acquire(user: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (!this.#hasRoom(user)) await this.#wait(user, signal);
    else this.#take(user);
    return () => this.#release(user);
  }

  #wait(user: string, signal: AbortSignal): Promise<void> {
    const waiting = this.#waiting.filter((other) => other.user === user).length;
    if (waiting >= this.#limits.waitingPerUser)
      throw new FetchError(
        `You have ${this.#limits.perUser} fetches under way and ${waiting} waiting. Wait for some to finish.`,
      );
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== entry);
        reject(signal.reason as Error);
      };
      const admit = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const entry: Waiting = { user, admit };
      this.#waiting.push(entry);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  #hasRoom(user: string): boolean {
    return this.#total < this.#limits.total && (this.#running.get(user) ?? 0) < this.#limits.perUser;
  }

  #take(user: string): void {
    this.#total += 1;
    this.#running.set(user, (this.#running.get(user) ?? 0) + 1);
  }

  #release(user: string): void {
    this.#total -= 1;
    const left = (this.#running.get(user) ?? 1) - 1;
    if (left > 0) this.#running.set(user, left);
    else this.#running.delete(user);
    const index = this.#waiting.findIndex((other) => this.#hasRoom(other.user));
    const [next] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (next === undefined) return;
    this.#take(next.user);
    next.admit();
  }
}
