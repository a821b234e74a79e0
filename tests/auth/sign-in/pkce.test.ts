import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isS256Challenge, verifyPkce } from '../../../runtime/auth/sign-in/pkce.ts';

const unreserved = fc.constantFrom(...'ABCXYZabcxyz0189-._~');
const verifiers = fc.string({ unit: unreserved, minLength: 43, maxLength: 128 });
const s256 = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');

describe('invariant 2: PKCE', () => {
  it('knows the example of RFC 7636, appendix B', () => {
    expect(
      verifyPkce(
        'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
        'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      ),
    ).toBe(true);
  });

  it('takes the verifier of a challenge and no other (property)', () => {
    fc.assert(
      fc.property(verifiers, verifiers, (verifier, other) => {
        expect(verifyPkce(verifier, s256(verifier))).toBe(true);
        expect(verifyPkce(other, s256(verifier))).toBe(other === verifier);
        // `plain` would let a challenge be its own verifier.
        expect(verifyPkce(s256(verifier), s256(verifier))).toBe(false);
      }),
    );
  });

  it('takes no verifier that is too short, too long or of other characters (property)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (verifier) => {
        const wellFormed = /^[A-Za-z0-9\-._~]{43,128}$/.test(verifier);
        expect(verifyPkce(verifier, s256(verifier))).toBe(wellFormed);
      }),
    );
    expect(verifyPkce('a'.repeat(42), s256('a'.repeat(42)))).toBe(false);
    expect(verifyPkce('a'.repeat(129), s256('a'.repeat(129)))).toBe(false);
  });

  it('takes only what a SHA-256 can be as a challenge', () => {
    expect(isS256Challenge(s256('x'))).toBe(true);
    for (const value of ['', 'short', `${s256('x')}=`, `${s256('x')}a`, s256('x').replace(/.$/, '+')]) {
      expect(isS256Challenge(value)).toBe(false);
    }
  });
});
