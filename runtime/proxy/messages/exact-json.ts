/**
 * Reads JSON so that it can be written again without a loss. A double holds no integer beyond 2^53 exactly, but servers in
 * Python, Go or Java do (ids of rows and of chat messages, say), so such a number keeps its text.
 */

interface ReviverContext {
  /** The text of a primitive value; absent for objects and arrays. */
  source?: string;
}

/** ECMAScript's "JSON.parse source text access", which TypeScript's library of ES2024 does not know yet. */
interface SourceTextAccess {
  parse(text: string, reviver: (key: string, value: unknown, context: ReviverContext) => unknown): unknown;
  /** An object that `JSON.stringify` writes as `text`. */
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
}

const exact = JSON as JSON & SourceTextAccess;

/** Up to this many digits survive the way through a double. */
const SAFE_DIGITS = 15;
/** Whether a text may hold a number that would not survive. It may be a string's part as well, which costs time only. */
const SUSPECT = /\d(?:[\d.]{15}|[eE]\+?\d{3})/;

/**
 * @returns what `JSON.parse` gives, but for numbers that `JSON.stringify` would change: those are opaque objects, which it
 *   writes as they came
 * @throws SyntaxError, or RangeError when `text` is nested too deeply
 */
export function parseExact(text: string): unknown {
  return SUSPECT.test(text) ? exact.parse(text, keepNumber) : JSON.parse(text);
}

/** Whether `value` is such an opaque object. */
export function isExactNumber(value: unknown): boolean {
  return exact.isRawJSON(value);
}

/** @returns a string as it is, and all else as JSON: what `String` gives, also for an opaque object, where that throws */
export function plainText(value: unknown): string {
  return typeof value === 'string' ? value : String(JSON.stringify(value));
}

function keepNumber(_key: string, value: unknown, { source }: ReviverContext): unknown {
  if (typeof value !== 'number' || source === undefined || Number.isSafeInteger(value)) return value;
  return source.length > SAFE_DIGITS || !Number.isFinite(value) ? exact.rawJSON(source) : value;
}
