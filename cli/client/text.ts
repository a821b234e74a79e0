/** Lines of a name and a value; what comes from a client is cleaned of control characters. */
import { oneLine } from '../net/one-line.ts';

export function details(rows: [name: string, value: string][]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, value]) => `${name.padEnd(width)}${oneLine(value, 2_048)}`).join('\n');
}

/** Cut to a column's width. */
export function fit(text: string, width: number): string {
  const clean = oneLine(text, 2_048);
  return clean.length <= width ? clean : `${clean.slice(0, width - 1)}…`;
}
