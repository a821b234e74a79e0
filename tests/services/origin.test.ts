import { describe, expect, it } from 'vitest';
import { judgeOrigin } from '../../runtime/services/origin.ts';

describe('judgeOrigin', () => {
  it.each([
    [undefined, [], true],
    ['https://a.example', ['https://a.example'], true],
    ['https://A.example', ['https://a.example/'], true],
    ['https://a.example', ['*'], true],
    ['null', ['*'], true],
    ['null', ['https://a.example'], false],
    ['https://a.example', [], false],
    ['http://a.example', ['https://a.example'], false],
    ['https://a.example:8443', ['https://a.example'], false],
    ['https://a.example.evil.example', ['https://a.example'], false],
    ['', ['https://a.example'], false],
  ])('%s with %j: %s', (origin, allowed, expected) => {
    expect(judgeOrigin(origin, allowed).allowed).toBe(expected);
  });

  it('allows credentials to a named origin and not to any', () => {
    expect(judgeOrigin('https://a.example', ['*']).headers).toEqual({ 'Access-Control-Allow-Origin': '*' });
    expect(judgeOrigin('https://a.example', ['https://a.example']).headers).toMatchObject({
      'Access-Control-Allow-Credentials': 'true',
      Vary: 'Origin',
    });
  });
});
