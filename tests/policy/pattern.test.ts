import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matches, matchesLoosely } from '../../runtime/policy/pattern.ts';

describe('a pattern', () => {
  it.each([
    ['read_file', 'read_file', true],
    ['read_file', 'read_file2', false],
    ['read_*', 'read_', true],
    ['read_*', 'read_file', true],
    ['read_*', 'bread_file', false],
    ['*_file', 'read_file', true],
    ['*_file', 'read_files', false],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['ab*ba', 'aba', false],
    ['*', '', true],
    ['**', 'x', true],
    ['a.c', 'abc', false],
    ['[a-z]*', 'q', false],
  ])('%s on %s: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  it('means the same as the regular expression that it stands for', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
    fc.assert(
      fc.property(letters, text, (pattern, given) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
        expect(matches(pattern, given)).toBe(expression.test(given));
      }),
    );
  });

  it('is not got round by another way to write a name, where that counts', () => {
    for (const name of ['Write_File', ' write_file ', 'ｗｒｉｔｅ_file', 'write_ﬁle'])
      expect([name, matches('write_*', name), matchesLoosely('WRITE_*', name)]).toEqual([
        name,
        name === 'write_ﬁle',
        true,
      ]);
  });
});
