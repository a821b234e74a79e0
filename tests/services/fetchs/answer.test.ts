import fc from 'fast-check';
import { expect, it } from 'vitest';
import { slice } from '../../../runtime/services/fetchs/answer.ts';
import { FetchError } from '../../../runtime/services/fetchs/fetch-error.ts';
import { callerHeaders } from '../../../runtime/services/fetchs/http/request-headers.ts';
import { targetOf } from '../../../runtime/services/fetchs/http/target.ts';

it('the parts of a text, one after the other, are the text, and no character is cut', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 5 }), (whole, maxLength) => {
      let joined = '';
      for (let at = 0; at < whole.length;) {
        const { part, end } = slice(whole, { startIndex: at, maxLength });
        expect(part.isWellFormed()).toBe(true);
        expect(end).toBeGreaterThan(at);
        joined += part;
        at = end;
      }
      expect(joined).toBe(whole.toWellFormed());
    }),
  );
});

it('what is fetched is a http or https URL without a user, whatever is asked for', () => {
  const hostile = fc.oneof(
    fc.string(),
    fc.webUrl({ withFragments: true }),
    fc
      .tuple(fc.constantFrom('http:', 'https:', 'file:', 'HTTP:', ' http:', 'ht\ntp:'), fc.string())
      .map((all) => all.join('//')),
  );
  fc.assert(
    fc.property(hostile, (text) => {
      try {
        const url = targetOf(text);
        expect([url.protocol.replace('s:', ':'), url.username, url.password, url.hash]).toEqual([
          'http:',
          '',
          '',
          '',
        ]);
      } catch (error) {
        expect(error).toBeInstanceOf(FetchError);
      }
    }),
  );
});

it('headers of a caller are one line of ASCII under a name of their own, or refused', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string({ unit: 'binary' })), (given) => {
      try {
        for (const [name, value] of Object.entries(callerHeaders(given)))
          expect(`${name}: ${value}`).toMatch(/^[!-9;-~]+: [\t -~]*$/);
      } catch (error) {
        expect(error).toBeInstanceOf(FetchError);
      }
    }),
  );
});
