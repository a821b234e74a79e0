/** What `doctor` found, for a person: a line for each thing, its remedy below it. */
import { wrap } from '../net/wrap.ts';
import type { Style } from '../output.ts';
import type { DoctorResult } from './check.ts';

const WORDS: Record<DoctorResult['state'], string> = {
  ok: 'ok',
  warning: 'warning',
  failed: 'FAILED',
  skipped: '-',
};

/** @param width columns of the terminal */
export function doctorText(results: DoctorResult[], style: Style, width = 80): string {
  const paint = { ok: style.green, warning: style.yellow, failed: style.red, skipped: style.dim };
  const column = Math.max(...results.map(({ check }) => check.length)) + 2;
  const indent = ' '.repeat(9 + column);
  const lines = results.flatMap(({ check, state, detail, remedy }) => [
    `${paint[state](WORDS[state].padEnd(9))}${check.padEnd(column)}${wrap(
      detail,
      width - indent.length - 1,
      '\u0000',
    )
      .split('\n\u0000')
      .join(`\n${indent}`)}`,
    ...(remedy === undefined || remedy === ''
      ? []
      : [`${indent}${style.bold('→')} ${hanging(remedy, width, indent)}`]),
  ]);
  return lines.join('\n');
}

function hanging(text: string, width: number, indent: string): string {
  const inner = `${indent}  `;
  return wrap(text, width - inner.length - 1, '')
    .split('\n')
    .join(`\n${inner}`);
}
