/**
 * Verified tokens, bounded in bytes, in two parts, as S3-FIFO has them (Yang et al., "FIFO queues are all you need for
 * cache eviction", SOSP 2023). A token is first on probation among the latest few, and moves to the main part with its
 * second use. Many have no other, and to keep thousands that nobody asks for costs the collector of garbage more than to
 * verify them. One that left unused is known by a fingerprint when it comes again, and then goes to the main part at once.
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

/** Probation's part of the whole, and the most that it is of use for, in bytes. */
const PROBATION_PART = 0.1;
const MAX_PROBATION_BYTES = 1024 * 1024;

/** @param maxBytes bound of the whole */
export function createTokenCache<Entry>(maxBytes: number): TokenCache<Entry> {
  const probationBytes = Math.min(maxBytes * PROBATION_PART, MAX_PROBATION_BYTES);
  const probation = createGenerations<Entry>(probationBytes);
  const main = createGenerations<Entry>(maxBytes - probationBytes);
  const seen = createFingerprints(maxBytes / ENTRY_BYTES);
  const parts = [main, probation];

  return {
    get: (key) => {
      const entry = main.get(key);
      if (entry !== undefined) return entry;
      const waiting = probation.get(key);
      if (waiting === undefined) return undefined;
      probation.delete(key);
      main.set(key, waiting);
      return waiting;
    },
    set: (key, entry) => {
      probation.delete(key);
      if (seen.add(key)) main.set(key, entry);
      else probation.set(key, entry);
    },
    delete: (key) => {
      for (const part of parts) part.delete(key);
    },
    *values() {
      for (const part of parts) yield* part.values();
    },
    get size() {
      return main.size + probation.size;
    },
    get bytes() {
      return main.bytes + probation.bytes;
    },
  };
}

/**
 * Two generations: what is asked for moves to the young one, and when that is full the old one goes as a whole. So a hit
 * costs one lookup, nothing is reordered, and entries in use stay.
 */
function createGenerations<Entry>(maxBytes: number): TokenCache<Entry> {
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

/** How much of a token's end is looked at: it is the end of a signature, in which all characters vary. */
const FINGERPRINT_LENGTH = 12;

/** A table of 32-bit numbers, in which a later one takes an earlier one's place. @param count of how many it is to know */
function createFingerprints(count: number): { add(key: string): boolean } {
  const table = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(count, 1) * 2)));
  return {
    /** @returns whether it was there before; rarely, that of another is taken for it */
    add: (key) => {
      const fingerprint = fingerprintOf(key);
      const place = fingerprint & (table.length - 1);
      if (table[place] === fingerprint) return true;
      table[place] = fingerprint;
      return false;
    },
  };
}

/** FNV-1a, 32 bits. */
function fingerprintOf(key: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let index = Math.max(key.length - FINGERPRINT_LENGTH, 0); index < key.length; index++)
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return hash;
}

function sizeOf(key: string): number {
  return key.length + ENTRY_BYTES;
}
