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
 * costs one lookup, nothing is reordered, and entries in use stay. They are found by the end of their key, because a map
 * reads all of what it is asked for; what is found is the whole key's, or it is nothing.
 */
function createGenerations<Entry>(maxBytes: number): TokenCache<Entry> {
  let young = new Map<string, Kept<Entry>>();
  let old = new Map<string, Kept<Entry>>();
  let youngBytes = 0;
  let oldBytes = 0;

  const put = (end: string, kept: Kept<Entry>): void => {
    youngBytes += sizeOf(kept.key) - sizeOf(young.get(end)?.key);
    young.set(end, kept);
    if (youngBytes <= maxBytes / 2) return;
    old = young;
    oldBytes = youngBytes;
    young = new Map();
    youngBytes = 0;
  };
  const removeOld = (end: string): void => {
    oldBytes -= sizeOf(old.get(end)?.key);
    old.delete(end);
  };

  return {
    get: (key) => {
      const end = endOf(key);
      const kept = young.get(end);
      if (kept !== undefined) return kept.key === key ? kept.entry : undefined;
      const older = old.get(end);
      if (older?.key !== key) return undefined;
      removeOld(end);
      put(end, older);
      return older.entry;
    },
    set: (key, entry) => {
      const end = endOf(key);
      removeOld(end);
      put(end, { key, entry });
    },
    delete: (key) => {
      const end = endOf(key);
      if (young.get(end)?.key === key) {
        youngBytes -= sizeOf(key);
        young.delete(end);
      }
      if (old.get(end)?.key === key) removeOld(end);
    },
    *values() {
      for (const { entry } of young.values()) yield entry;
      for (const { entry } of old.values()) yield entry;
    },
    get size() {
      return young.size + old.size;
    },
    get bytes() {
      return youngBytes + oldBytes;
    },
  };
}

interface Kept<Entry> {
  key: string;
  entry: Entry;
}

/** How much of a token's end finds it: it is the end of a signature, in which all characters vary. */
const END_LENGTH = 32;

function endOf(key: string): string {
  return key.slice(-END_LENGTH);
}

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
  for (let index = Math.max(key.length - END_LENGTH, 0); index < key.length; index++)
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return hash;
}

/** @returns 0 for what is not there */
function sizeOf(key: string | undefined): number {
  return key === undefined ? 0 : key.length + ENTRY_BYTES;
}
