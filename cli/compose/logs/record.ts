/** One line of `docker compose logs --timestamps`, taken apart. */

export interface LogRecord {
  service: string;
  /** Which of the service's containers, from 1. */
  replica: number;
  /** When Docker got it, ISO 8601. */
  time: string;
  /** As the container wrote it. */
  line: string;
  /** The line as an object, where it is one. */
  entry?: Record<string, unknown>;
}

/** Compose clears the line first, whatever it is told about colours. */
// eslint-disable-next-line no-control-regex -- the escape sequence is what it is about
const CLEAR = /^\u001b\[2K/;
const LINE = /^(.+)-(\d+) +\| (\d{4}-\d\d-\d\dT\S+Z) ?(.*)$/s;

/** @returns undefined for a line that is no container's, such as a message of Compose itself */
export function parseRecord(text: string): LogRecord | undefined {
  const match = LINE.exec(text.replace(CLEAR, ''));
  if (match === null) return undefined;
  const [, service = '', replica = '', time = '', line = ''] = match;
  const entry = parseEntry(line);
  return { service, replica: Number(replica), time, line, ...(entry === undefined ? {} : { entry }) };
}

function parseEntry(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
