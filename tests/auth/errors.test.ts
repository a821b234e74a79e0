import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidRequestError, OAuthError, toOAuthError } from '../../runtime/auth/errors.ts';

/** RFC 6749 §5.2: "MUST NOT include characters outside the set %x20-21 / %x23-5B / %x5D-7E". */
const NQSCHAR = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/;

describe('errors', () => {
  it('describe themselves in the characters of RFC 6749 alone (property)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (hint) => {
        for (const error of [new InvalidRequestError(hint), new OAuthError('invalid_grant', 400, hint)]) {
          expect(error.body().error_description).toMatch(NQSCHAR);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('become server_error without detail, whatever was thrown (property)', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        const error = toOAuthError(thrown);
        expect(error.body().error_description).toMatch(NQSCHAR);
        if (typeof thrown === 'string' && thrown.length > 8)
          expect(JSON.stringify(error.body())).not.toContain(thrown);
      }),
    );
  });
});
