/** Lines of a name and a value; what comes from a client is cleaned of control characters. */
import { oneLine } from '../net/one-line.ts';
import { wrap } from '../net/wrap.ts';

/** @param width of a line, in characters */
export function details(rows: [name: string, value: string][], width: number): string {
  const column = Math.max(...rows.map(([name]) => name.length)) + 2;
  const indent = ' '.repeat(column);
  return rows
    .map(([name, value]) => name.padEnd(column) + hanging(oneLine(value, 2_048), width, indent))
    .join('\n');
}

function hanging(text: string, width: number, indent: string): string {
  return wrap(text, width - indent.length, '')
    .split('\n')
    .join(`\n${indent}`);
}

/** Of the terminal; where there is none, a program reads the lines, and they stay whole. */
export function lineWidth(): number {
  return process.stdout.isTTY === true ? process.stdout.columns : Infinity;
}
