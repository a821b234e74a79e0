import { hasEnded } from './grant.ts';

/** How many records one write looks at for what has ended: more than it adds, so that the maps cannot grow for ever. */
const SWEEP_PER_WRITE = 8;

/** Records by id that end on their own: an ended one is never returned, and writes sweep a few of them away. */
export class ExpiringMap<Value extends { expiresAtMs?: number }> {
  readonly #now: () => number;
  readonly #values = new Map<string, Value>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many records it holds, ended ones that were not swept yet among them. */
  get size(): number {
    return this.#values.size;
  }

  get(id: string): Value | undefined {
    const value = this.#values.get(id);
    if (value === undefined || !hasEnded(value, this.#now())) return value;
    this.#values.delete(id);
    return undefined;
  }

  take(id: string): Value | undefined {
    const value = this.get(id);
    this.#values.delete(id);
    return value;
  }

  put(id: string, value: Value): void {
    this.#values.set(id, structuredClone(value));
    this.#sweep();
  }

  list(): Value[] {
    return [...this.#values.keys()].flatMap((id) => this.get(id) ?? []);
  }

  /** Looks at the records that were looked at longest ago: ended ones go, the others move to the end of the map. */
  #sweep(): void {
    const oldest: [string, Value][] = [];
    for (const entry of this.#values) {
      if (oldest.length === SWEEP_PER_WRITE) break;
      oldest.push(entry);
    }
    for (const [id, value] of oldest) {
      this.#values.delete(id);
      if (!hasEnded(value, this.#now())) this.#values.set(id, value);
    }
  }
}
