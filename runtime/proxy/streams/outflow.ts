/**
 * What clients have not read yet. A child that says more than its client reads is made to wait, as its pipe would do without
 * a proxy; a client that reads nothing at all is cut off, so that nobody waits for ever.
 */
import type { ServerResponse } from 'node:http';

/** A reply below this is on its way. */
const NOTED_BYTES = 64 * 1024;
/** From here on the child waits, as a share of what one reply may have unread. */
const WAIT_SHARE = 1 / 16;
/** What the replies of one session or user may have unread, as a multiple of that. */
const OWN_SHARE = 4;
/** And those of all. */
const TOTAL_SHARE = 8;

/** The memory that all replies of one service share. When it is used up, those who use the most are cut off. */
export class OutflowBudget {
  readonly #maxBytes: number;
  readonly #used = new Set<Outflow>();

  /** @param maxBufferedBytes what one reply may have unread */
  constructor(maxBufferedBytes: number) {
    this.#maxBytes = TOTAL_SHARE * maxBufferedBytes;
  }

  /** To be called whenever something of `outflow` may have changed. */
  weigh(outflow: Outflow): void {
    if (outflow.unreadBytes === 0) this.#used.delete(outflow);
    else this.#used.add(outflow);
    let total = 0;
    let largest = outflow;
    for (const each of this.#used) {
      total += each.unreadBytes;
      if (each.unreadBytes > largest.unreadBytes) largest = each;
    }
    if (total > this.#maxBytes) largest.cutLargest();
  }
}

export interface OutflowOptions {
  budget: OutflowBudget;
  /** What one reply may have unread. */
  maxBufferedBytes: number;
  /** A reply of which its reader has taken nothing for this long is cut off, in milliseconds. */
  stallMs: number;
  /** Called with whether the child shall wait, each time that changes. Absent where others would wait, too. */
  wait?: ((waits: boolean) => void) | undefined;
  /** Called when everything has been read. */
  onRead?: () => void;
}

export class Outflow {
  readonly #options: OutflowOptions;
  readonly #unread = new Set<ServerResponse>();
  #waits = false;

  constructor(options: OutflowOptions) {
    this.#options = options;
  }

  /** @returns the bytes of all noted replies */
  get unreadBytes(): number {
    let bytes = 0;
    for (const res of this.#unread) bytes += res.writableLength;
    return bytes;
  }

  /** To be called whenever something was written to `res`. */
  note(res: ServerResponse): void {
    if (res.writableLength < NOTED_BYTES || res.destroyed) return;
    if (!this.#unread.has(res)) this.#watch(res);
    this.#weigh();
  }

  #watch(res: ServerResponse): void {
    this.#unread.add(res);
    const cut = (): void => void res.destroy();
    const check = (): void => {
      if (res.writableLength >= NOTED_BYTES && !res.writableFinished && !res.destroyed) return;
      this.#unread.delete(res);
      res.off('drain', check).off('finish', check).off('close', check).off('timeout', cut);
      if (!res.destroyed) res.setTimeout(0);
      this.#weigh();
    };
    res.on('drain', check).on('finish', check).on('close', check);
    // Node counts a part of a write that went out as activity.
    res.setTimeout(this.#options.stallMs, cut);
  }

  #weigh(): void {
    const { budget, maxBufferedBytes, wait } = this.#options;
    if (this.unreadBytes > OWN_SHARE * maxBufferedBytes) this.cutLargest();
    budget.weigh(this);
    if (this.#unread.size === 0) this.#options.onRead?.();
    const waits = this.unreadBytes > maxBufferedBytes * WAIT_SHARE;
    if (waits === this.#waits) return;
    this.#waits = waits;
    wait?.(waits);
  }

  /** Cuts off the reply of which the most is unread. */
  cutLargest(): void {
    let largest: ServerResponse | undefined;
    for (const res of this.#unread)
      if (largest === undefined || res.writableLength > largest.writableLength) largest = res;
    if (largest === undefined) return;
    this.#unread.delete(largest);
    largest.destroy();
  }
}

/** The outflows of users, where no child is one session's alone. */
export class UserOutflows {
  readonly #options: OutflowOptions;
  readonly #users = new Map<string, Outflow>();

  constructor(options: OutflowOptions) {
    this.#options = options;
  }

  /** Users who have something unread. */
  get size(): number {
    return this.#users.size;
  }

  /** To be called whenever something was written to `res`, a reply to `user`. */
  note(user: string, res: ServerResponse): void {
    if (res.writableLength < NOTED_BYTES) return;
    const known = this.#users.get(user);
    if (known !== undefined) return known.note(res);
    const outflow = new Outflow({
      ...this.#options,
      wait: undefined,
      onRead: () => this.#users.delete(user),
    });
    this.#users.set(user, outflow);
    outflow.note(res);
  }
}
