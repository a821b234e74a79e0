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

  /** One is over, or its turn is not wanted any more. @returns whether it had begun, or had never asked for a turn */
  end(id: number): boolean {
    if (this.#waiting.delete(id)) return false;
    if (id !== this.#current) return true;
    this.#current = undefined;
    for (const [next, begin] of this.#waiting) {
      this.#waiting.delete(next);
      this.take(next, begin);
      break;
    }
    return true;
  }
}
