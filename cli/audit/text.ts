import type { EventView } from '../../runtime/embedded/admin.ts';
import { oneLine } from '../net/one-line.ts';

/** Said in their own places, or only with `--json`. */
const APART = new Set(['id', 'time', 'event', 'userName', 'clientName', 'requestId']);

/** @returns one line: when, what, and every field with its name */
export function eventLine(event: EventView): string {
  const fields = Object.entries(event)
    .filter(([name, value]) => !APART.has(name) && value !== undefined)
    .map(([name, value]) => `${name}=${textOf(named(event, name, value))}`);
  const time = `${event.time.slice(0, 10)} ${event.time.slice(11, 19)}`;
  return [time, event.event.padEnd(18), ...fields].map((part) => oneLine(part, 300)).join('  ');
}

/** An id with the name behind it. */
function named(event: EventView, name: string, value: unknown): unknown {
  const known = name === 'user' ? event.userName : name === 'client' ? event.clientName : undefined;
  return typeof known === 'string' && typeof value === 'string' ? `${value} (${known})` : value;
}

function textOf(value: unknown): string {
  const text = Array.isArray(value)
    ? value.join(' ')
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
  return /\s/.test(text) ? JSON.stringify(text) : text;
}
