import { CommanderError } from 'commander';
import { expect, test } from 'vitest';
import { InterruptedError, UserError } from '../../cli/errors.ts';
import { failureOf } from '../../cli/failure.ts';
import { CatalogError } from '../../runtime/config/catalog.ts';
import { ConfigError } from '../../runtime/config/faults.ts';

const code = (error: unknown) => failureOf(error, false)?.exitCode;
const text = (error: unknown, debug = false) => failureOf(error, debug)?.lines.join('\n');

test('what the person can put right is said in its own words, with its exit code', () => {
  expect([code(new UserError('no')), text(new UserError('no'))]).toEqual([1, 'mcpgw: no']);
  expect(code(new UserError('no', 3))).toBe(3);
  expect(code(new InterruptedError('Stopped.'))).toBe(130);
});

test('every fault of a configuration is named', () => {
  const faults = [
    { key: 'A', problem: 'is missing', example: '1' },
    { key: 'B', problem: 'is wrong' },
  ];
  for (const error of [new ConfigError(faults), new CatalogError(faults)]) {
    expect(code(error)).toBe(1);
    expect(text(error)).toContain('2 things are wrong');
    expect(text(error)).toContain('  A: is missing (example: 1)\n  B: is wrong');
    expect(failureOf(error, false)?.json.error.faults).toEqual(faults);
  }
});

test('commander’s usage errors are 2, and its help is no failure', () => {
  expect(code(new CommanderError(1, 'commander.unknownOption', 'error: unknown option'))).toBe(2);
  expect(failureOf(new CommanderError(0, 'commander.helpDisplayed', ''), false)).toBeUndefined();
});

test('anything else is a bug, whose stack only DEBUG shows', () => {
  const bug = new TypeError('x is undefined');
  expect(text(bug)).toMatch(/unexpected error: x is undefined\n.*DEBUG=1/);
  expect(text(bug)).not.toContain('failure.test.ts');
  expect(text(bug, true)).toContain('failure.test.ts');
  expect(text('a string')).toContain('a string');
});

test('a broken pipe is nothing', () => {
  expect(failureOf(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }), false)).toBeUndefined();
});
