import { oneLine } from './one-line.ts';

/** Cuts a text to the width of a column, and shows that it did. */
export function fit(text: string, width: number): string {
  const clean = oneLine(text, 2_048);
  return clean.length <= width ? clean : `${clean.slice(0, width - 1)}…`;
}
