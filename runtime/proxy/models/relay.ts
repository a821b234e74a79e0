import type { ChildHandlers } from '../child/child.ts';

/** What a spare may say before it is taken; a server has nothing to say before it is initialised. */
const MAX_EARLY_LINES = 64;
const MAX_EARLY_BYTES = 64 * 1024;

/** What the relay's owner hears of, before the child's. */
export interface RelayHooks {
  /** @param early nobody was connected yet */
  onEnd(reason: string, early: boolean): void;
  onEnding(): void;
  onGone(): void;
}

/** The handlers of a child that may be started before it is known who listens. */
export class Relay implements ChildHandlers {
  readonly #own: RelayHooks;
  #to: ChildHandlers | undefined;
  #early: Buffer[] = [];
  #earlyBytes = 0;

  constructor(own: RelayHooks) {
    this.#own = own;
  }

  /** Passes everything on from now on; what was said before comes first, after the caller's turn. */
  connect(to: ChildHandlers): void {
    this.#to = to;
    const early = this.#early;
    this.#early = [];
    if (early.length > 0) setImmediate(() => early.forEach((line) => to.onLine(line)));
  }

  onLine(line: Buffer): void {
    if (this.#to !== undefined) return this.#to.onLine(line);
    this.#earlyBytes += line.length;
    if (this.#early.length < MAX_EARLY_LINES && this.#earlyBytes <= MAX_EARLY_BYTES)
      this.#early.push(Buffer.from(line));
  }

  onTooLong(head: Buffer, tail: Buffer, bytes: number): void {
    this.#to?.onTooLong(head, tail, bytes);
  }

  onEnd(reason: string): void {
    this.#own.onEnd(reason, this.#to === undefined);
    this.#to?.onEnd(reason);
  }

  onEnding(): void {
    this.#own.onEnding();
    this.#to?.onEnding?.();
  }

  onGone(): void {
    this.#own.onGone();
    this.#to?.onGone?.();
  }
}
