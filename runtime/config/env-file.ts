/**
 * `.env`: one reader and one writer. The format is what Compose's parser (compose-go `dotenv`), Node's and ours read
 * alike, so the writer quotes with single quotes whatever is not plain, and refuses what no quoting carries through all
 * of them: a single quote, a backslash at the end (Compose takes it with the closing quote), and control characters.
 */

import { ConfigError } from './faults.ts';

/** One assignment, with where it stands. */
interface Assignment {
  name: string;
  value: string;
  /** As written: from behind `=` to the end, with a comment. */
  raw: string;
  /** Index of its first line. */
  line: number;
  /** How many lines it takes: a quoted value may have line breaks. */
  lines: number;
}

const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=(.*)$/;
/** Needs no quotes in any parser. */
const PLAIN = /^[A-Za-z0-9_@%+:,./*=-]*$/;
const SINGLE = /^'([^']*)'/;
const DOUBLE = /^"((?:[^"\\]|\\[^])*)"/;

/**
 * Reads as Compose does: single quotes are literal; a `#` behind white space starts a comment outside quotes; the last
 * assignment of a name wins. A `$` outside single quotes would be expanded by Compose, which we do not do: see
 * `expansions`.
 * @throws ConfigError for a quote that is never closed
 */
export function parseEnvFile(text: string): Record<string, string> {
  return Object.fromEntries(assignments(text).map(({ name, value }) => [name, value]));
}

/** @returns names whose value Compose would expand (`$` outside single quotes), so that they would read differently */
export function expansions(text: string): string[] {
  return assignments(text).flatMap(({ name, raw }) =>
    !raw.startsWith("'") && withoutComment(raw).includes('$') ? [name] : [],
  );
}

function assignments(text: string): Assignment[] {
  const lines = linesOf(text);
  const found: Assignment[] = [];
  for (let line = 0; line < lines.length; line += 1) {
    const match = ASSIGNMENT.exec(lines[line] as string);
    if (!match) continue;
    const name = match[1] as string;
    const whole = wholeValue((match[2] as string).trim(), lines.slice(line + 1));
    if (whole === undefined) throw unclosed(name, line);
    found.push({ name, value: unquote(whole.raw), raw: whole.raw, line, lines: whole.count });
    line += whole.count - 1;
  }
  return found;
}

function linesOf(text: string): string[] {
  return text.replace(/^\ufeff/, '').split(/\r?\n/);
}

/** Compose refuses such a file, too. To guess where the value ends would be to lose the lines behind it. */
function unclosed(name: string, line: number): ConfigError {
  const problem = `line ${line + 1} of .env opens a quote that is never closed`;
  return new ConfigError([{ key: name, problem, example: `${name}='value'` }]);
}

/** Takes further lines until a quote that the first one opened is closed. @returns undefined when it never is */
function wholeValue(first: string, rest: string[]): { raw: string; count: number } | undefined {
  const closed = first.startsWith("'") ? SINGLE : first.startsWith('"') ? DOUBLE : undefined;
  if (closed === undefined) return { raw: first, count: 1 };
  let raw = first;
  for (let more = 0; more <= rest.length; more += 1) {
    if (closed.test(raw)) return { raw, count: more + 1 };
    raw += `\n${rest[more] ?? ''}`;
  }
  return undefined;
}

function unquote(raw: string): string {
  const single = SINGLE.exec(raw);
  if (single) return single[1] as string;
  const double = DOUBLE.exec(raw);
  if (double)
    return (double[1] as string).replace(/\\([\\"nrt$])/g, (_, char: string) => ESCAPES[char] ?? char);
  return withoutComment(raw);
}
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t' };

function withoutComment(raw: string): string {
  return raw.replace(/(^|\s)#.*$/, '').trim();
}

/** A value that cannot be written so that every reader agrees. */
export class UnwritableValueError extends Error {
  override name = 'UnwritableValueError';
  readonly key: string;
  constructor(key: string) {
    super(`${key}: a value in .env cannot have a single quote, a line break or a backslash at its end`);
    this.key = key;
  }
}

/** @returns whether every reader would give this value back */
export function writable(value: string): boolean {
  // eslint-disable-next-line no-control-regex -- the point is to refuse them
  return !/['\u0000-\u0008\u000a-\u001f\u007f]|\\$/.test(value) && value.isWellFormed();
}

/** @throws UnwritableValueError */
export function envLine(name: string, value: string): string {
  if (!writable(value)) throw new UnwritableValueError(name);
  return PLAIN.test(value) ? `${name}=${value}` : `${name}='${value}'`;
}

/**
 * Puts values into an existing `.env` and keeps every other line, comment and order of it: a key that is there gets its
 * value where it stands (the last one, which is the one that counts), one that is not is left for `missing`.
 * @returns the new text and the keys that had no line
 * @throws UnwritableValueError
 */
export function updateEnvFile(
  text: string,
  values: Record<string, string>,
): { text: string; missing: string[] } {
  const lines = text.split('\n');
  const place = new Map(assignments(text).map((assignment) => [assignment.name, assignment]));
  const missing: string[] = [];
  /** By index of the first line; the last first, so that the others keep their places. */
  const changed: { at: Assignment; by: string }[] = [];
  for (const [name, value] of Object.entries(values)) {
    const at = place.get(name);
    if (at === undefined) missing.push(name);
    else if (at.value !== value) changed.push({ at, by: envLine(name, value) + commentOf(at.raw) });
  }
  for (const { at, by } of changed.sort((a, b) => b.at.line - a.at.line)) {
    const end = (lines[at.line + at.lines - 1] as string).endsWith('\r') ? '\r' : '';
    lines.splice(at.line, at.lines, by + end);
  }
  return { text: lines.join('\n'), missing };
}

/** @returns the text without any line that gives one of the keys a value */
export function removeFromEnvFile(text: string, keys: string[]): string {
  const lines = text.split('\n');
  const gone = assignments(text).filter(({ name }) => keys.includes(name));
  for (const { line, lines: count } of gone.reverse()) lines.splice(line, count);
  return lines.join('\n');
}

/** What stands behind the value on its line: white space and a comment, or nothing. */
function commentOf(raw: string): string {
  const quoted = (SINGLE.exec(raw) ?? DOUBLE.exec(raw))?.[0];
  return (
    /(?:^|\s)#.*$/.exec(quoted === undefined ? raw : raw.slice(quoted.length))?.[0].replace(/^#/, ' #') ?? ''
  );
}
