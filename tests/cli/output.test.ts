import { describe, expect, test } from 'vitest';
import { createOutput, table } from '../../cli/output.ts';
import { captureSinks } from './support/run-init.ts';

function said(
  flags: { json?: boolean; quiet?: boolean },
  environment: Record<string, string> = {},
  isTTY = false,
) {
  const { captured, stdout, stderr } = captureSinks();
  const output = createOutput(flags, { ...stdout, isTTY }, stderr, environment);
  output.note('note');
  output.warn('careful');
  output.result(output.style.bold('text'), { data: 1 });
  return captured;
}

describe('output', () => {
  test('results go to standard output, the rest to standard error', () => {
    expect(said({})).toEqual({ stdout: 'text\n', stderr: 'note\nwarning: careful\n' });
    expect(said({ quiet: true })).toEqual({ stdout: 'text\n', stderr: 'warning: careful\n' });
    expect(said({ json: true })).toEqual({ stdout: '{\n  "data": 1\n}\n', stderr: 'warning: careful\n' });
  });

  test('colour is for terminals, and NO_COLOR goes before everything', () => {
    const bold = '\u001b[1mtext\u001b[0m\n';
    expect(said({}, {}, true).stdout).toBe(bold);
    expect(said({}, { FORCE_COLOR: '1' }).stdout).toBe(bold);
    expect(said({}, { TERM: 'dumb' }, true).stdout).toBe('text\n');
    expect(said({}, { NO_COLOR: '1', FORCE_COLOR: '1' }, true).stdout).toBe('text\n');
  });

  test('a table’s columns are as wide as their widest cell', () => {
    expect(
      table([
        ['A', 'BB'],
        ['ccc', 'd'],
        ['', 'e'],
      ]),
    ).toBe('A    BB\nccc  d\n     e');
  });
});
