/** A server need not say that a call is over which was cancelled, and may still be at it for a moment. Milliseconds. */
const CANCELLED_MS = 1_000;

/** Lets what must not overlap begin one after the other. */
export class Turns {
  #current: number | undefined;
  readonly #waiting = new Map<number, () => void>();

  /** @param begin called when it is this one's turn: at once, or as soon as those before it are over */
  take(id: number, begin: () => void): void {
    if (this.#current !== undefined) return void this.#waiting.set(id, begin);
    this.#current = id;
    begin();
  }

  /** One is over. */
  end(id: number): void {
    if (id !== this.#current) return;
    this.#current = undefined;
    for (const [next, begin] of this.#waiting) {
      this.#waiting.delete(next);
      return this.take(next, begin);
    }
  }

  /** One is not wanted any more. @returns whether it had begun, or had never asked for a turn */
  cancel(id: number): boolean {
    if (this.#waiting.delete(id)) return false;
    if (id === this.#current) setTimeout(() => this.end(id), CANCELLED_MS).unref();
    return true;
  }
}
