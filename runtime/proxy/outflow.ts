/**
 * What the clients of one child have not read yet. A child that says more than its client reads is made to wait, as its
 * pipe would do without a proxy; a client that reads nothing at all is cut off, so that nobody waits for ever.
 */
import type { ServerResponse } from 'node:http';

/** A reply below this is on its way. */
const NOTED_BYTES = 64 * 1024;
/** From here on the child waits, as a share of what may be unread at most. */
const WAIT_SHARE = 1 / 16;

export interface OutflowOptions {
  /** Beyond it the reply that takes the most is cut off. */
  maxBytes: number;
  /** A reply of which its reader has taken nothing for this long is cut off, in milliseconds. */
  stallMs: number;
  /** Called with whether the child shall wait, each time that changes. Absent where others would wait, too. */
  wait?: ((waits: boolean) => void) | undefined;
}

export class Outflow {
  readonly #options: OutflowOptions;
  readonly #unread = new Set<ServerResponse>();
  #waits = false;

  constructor(options: OutflowOptions) {
    this.#options = options;
  }

  /** The child waits for clients to read. */
  get waits(): boolean {
    return this.#waits;
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
    const { maxBytes, wait } = this.#options;
    let bytes = this.unreadBytes;
    if (bytes > maxBytes) bytes -= this.#cutLargest();
    const waits = bytes > maxBytes * WAIT_SHARE;
    if (waits === this.#waits) return;
    this.#waits = waits;
    wait?.(waits);
  }

  /** @returns its bytes */
  #cutLargest(): number {
    let largest: ServerResponse | undefined;
    for (const res of this.#unread)
      if (largest === undefined || res.writableLength > largest.writableLength) largest = res;
    if (largest === undefined) return 0;
    const bytes = largest.writableLength;
    this.#unread.delete(largest);
    largest.destroy();
    return bytes;
  }
}
