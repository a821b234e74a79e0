import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidRequestError } from '../../runtime/auth/errors.ts';
import { parseForm } from '../../runtime/auth/forms.ts';
import { readParameters } from '../../runtime/auth/parameters.ts';

describe('parameters', () => {
  it('treats an empty one as omitted and ignores unknown ones', () => {
    const parameters = readParameters({ scope: '', junk: ['a', 'b'] });
    expect(parameters.one('scope')).toBeUndefined();
    expect(() => parameters.required('scope')).toThrow('scope is missing');
  });

  it('refuses a repeated one, even with equal or empty values', () => {
    for (const values of [
      ['a', 'b'],
      ['a', 'a'],
      ['', 'a'],
      ['', ''],
    ]) {
      expect(() => readParameters({ state: values }).one('state')).toThrow(InvalidRequestError);
    }
    expect(readParameters({ resource: ['a', 'b'] }).many('resource')).toEqual(['a', 'b']);
  });

  it('takes no values but texts', () => {
    for (const value of [1, null, {}, [{}], [['a']], true]) {
      expect(readParameters({ code: value }).one('code')).toBeUndefined();
    }
    expect(readParameters(undefined).one('code')).toBeUndefined();
    expect(readParameters('code=1').one('code')).toBeUndefined();
  });

  it('is not fooled by names of Object.prototype', () => {
    for (const name of ['constructor', '__proto__', 'toString'])
      expect(readParameters({}).one(name)).toBeUndefined();
  });

  it('returns a text as it came, or refuses it for its control characters or length (property)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (value) => {
        const parameters = readParameters({ state: value }, { checkLater: true });
        if (/\p{Cc}/u.test(value)) expect(() => parameters.one('state')).toThrow(InvalidRequestError);
        else expect(parameters.one('state')).toBe(value);
      }),
    );
    expect(() => readParameters({ state: 'a'.repeat(8193) }).one('state')).toThrow('too long');
  });

  it('looks at all of them at once, unless it is told to wait', () => {
    for (const faulty of [
      { state: ['a', 'b'] },
      { 'code[]': 'x' },
      { 'code[0]': 'x' },
      { 'a\u0000': 'x' },
      { unknown: 'x\ny' },
      { unknown: 'a'.repeat(8193) },
      { resource: ['a', 'b\u007f'] },
    ]) {
      expect(() => readParameters(faulty)).toThrow(InvalidRequestError);
      expect(() => readParameters(faulty, { checkLater: true }).checkAll()).toThrow(InvalidRequestError);
    }
    readParameters({ resource: ['a', 'b'], service: ['a', 'b'], junk: ['a', 'b'] });
  });

  it('refuses a query that cannot be read', () => {
    expect(() => readParameters(parseForm('code=%zz'))).toThrow('percent-encoded');
  });

  it('quotes no value in an error', () => {
    expect(() => readParameters({ code: 'very\nsecret' }).one('code')).toThrow(/^(?!.*secret).*$/);
  });
});
