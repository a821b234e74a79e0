import type { Notice } from './store.ts';

/** Tells what ended or changed to those who asked for it, in this process. */
export class Notices {
  readonly #listeners = new Set<(notice: Notice) => void>();

  get size(): number {
    return this.#listeners.size;
  }

  subscribe(listener: (notice: Notice) => void): () => void {
    // A wrapper, so that who subscribes twice is two.
    const own = (notice: Notice): void => listener(notice);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  tell(notice: Notice): void {
    for (const listener of this.#listeners) listener(notice);
  }
}
