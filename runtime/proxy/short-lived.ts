/**
 * A map whose values come and go with every call. When V8 makes room in a `Map`, the old table goes on to refer to the new
 * one and to the values that were in it; once one table has grown old, the collector takes all later ones for alive until it
 * looks at the whole heap, which was a third of all that was allocated here. So what a table refers to lets go of its value.
 */
export class ShortLivedMap<Key extends string | number, Value> {
  readonly #held = new Map<Key, { value: Value | undefined }>();

  get size(): number {
    return this.#held.size;
  }

  get(key: Key): Value | undefined {
    return this.#held.get(key)?.value;
  }

  set(key: Key, value: Value): void {
    this.delete(key);
    this.#held.set(key, { value });
  }

  /** @returns whether it was there */
  delete(key: Key): boolean {
    const held = this.#held.get(key);
    if (held === undefined) return false;
    held.value = undefined;
    return this.#held.delete(key);
  }

  /** In the order in which they were set; those that are set meanwhile come, too. */
  *values(): Generator<Value, undefined> {
    for (const { value } of this.#held.values()) if (value !== undefined) yield value;
    return undefined;
  }

  clear(): void {
    for (const key of [...this.#held.keys()]) this.delete(key);
  }
}
