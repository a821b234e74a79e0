/**
 * Verified tokens, bounded in bytes. Two generations: what is asked for moves to the young one, and when that is full the
 * old one goes as a whole. So a hit costs one lookup, nothing is reordered, and tokens in use stay.
 */

export interface TokenCache<Entry> {
  get(key: string): Entry | undefined;
  set(key: string, entry: Entry): void;
  delete(key: string): void;
  values(): Iterable<Entry>;
  /** Estimated size, in bytes. */
  readonly bytes: number;
  readonly size: number;
}

/** Claims, prepared headers and signed contexts beside the token itself, in bytes; measured, and rounded up. */
const ENTRY_BYTES = 4096;

/** @param maxBytes bound of the whole */
export function createTokenCache<Entry>(maxBytes: number): TokenCache<Entry> {
  let young = new Map<string, Entry>();
  let old = new Map<string, Entry>();
  let youngBytes = 0;
  let oldBytes = 0;

  const put = (key: string, entry: Entry): void => {
    if (!young.has(key)) youngBytes += sizeOf(key);
    young.set(key, entry);
    if (youngBytes <= maxBytes / 2) return;
    old = young;
    oldBytes = youngBytes;
    young = new Map();
    youngBytes = 0;
  };

  return {
    get: (key) => {
      const entry = young.get(key);
      if (entry !== undefined) return entry;
      const older = old.get(key);
      if (older === undefined) return undefined;
      if (old.delete(key)) oldBytes -= sizeOf(key);
      put(key, older);
      return older;
    },
    set: (key, entry) => {
      if (old.delete(key)) oldBytes -= sizeOf(key);
      put(key, entry);
    },
    delete: (key) => {
      if (young.delete(key)) youngBytes -= sizeOf(key);
      if (old.delete(key)) oldBytes -= sizeOf(key);
    },
    *values() {
      yield* young.values();
      yield* old.values();
    },
    get size() {
      return young.size + old.size;
    },
    get bytes() {
      return youngBytes + oldBytes;
    },
  };
}

function sizeOf(key: string): number {
  return key.length + ENTRY_BYTES;
}
