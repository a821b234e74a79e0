import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wrap } from '../../../cli/net/wrap.ts';

describe('wrap', () => {
  it('breaks at spaces, and leaves a long word whole', () => {
    expect(wrap('one two three', 7, '  ')).toBe('one two\n  three');
    expect(wrap('see https://example.com/a/long/path now', 10, '')).toBe(
      'see\nhttps://example.com/a/long/path\nnow',
    );
  });

  it('loses no word and exceeds no line', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(words, fc.integer({ min: 20, max: 60 }), (list, width) => {
        const lines = wrap(list.join(' '), width, '    ').split('\n');
        expect(lines.join(' ').split(/ +/)).toEqual(list);
        expect(lines.every((line) => line.length <= width)).toBe(true);
      }),
    );
  });
});
