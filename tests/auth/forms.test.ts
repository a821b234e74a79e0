import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultOf, MAX_PARAMETERS, parseForm } from '../../runtime/auth/forms.ts';

describe('forms and queries', () => {
  it('reads what URLSearchParams writes (property)', () => {
    const pairs = fc.array(
      fc.tuple(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' })),
      {
        maxLength: MAX_PARAMETERS,
      },
    );
    fc.assert(
      fc.property(pairs, (list) => {
        const parsed = parseForm(new URLSearchParams(list).toString());
        for (const [name] of list) {
          const values = list.filter(([other]) => other === name).map(([, value]) => value);
          expect(parsed[name]).toEqual(values.length === 1 ? values[0] : values);
        }
        expect(faultOf(parsed)).toBeUndefined();
      }),
    );
  });

  it('never throws, and has no prototype (property)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(Object.getPrototypeOf(parseForm(text))).toBeNull();
      }),
    );
    expect(parseForm('__proto__=x&constructor=y')).toMatchObject({ ['__proto__']: 'x', constructor: 'y' });
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it.each(['a=%', 'a=%zz', 'a=%ff', 'a=%c0%af', 'a=%ed%a0%80', '%ff=a'])('%s is a fault', (text) => {
    expect(faultOf(parseForm(text))).toContain('percent-encoded UTF-8');
  });

  it('bounds how many there are', () => {
    expect(faultOf(parseForm('a=1&'.repeat(MAX_PARAMETERS - 1) + 'a=1'))).toBeUndefined();
    expect(faultOf(parseForm('a=1&'.repeat(30_000)))).toContain('more than');
  });

  it('skips empty parts and takes names without a value', () => {
    expect({ ...parseForm('&a&&b=1&=c&') }).toEqual({ a: '', b: '1', '': 'c' });
  });
});
