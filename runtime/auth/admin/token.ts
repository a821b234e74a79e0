/**
 * The token that opens the admin API: a JWT with HS256 under a key of its own from the root secret. Whoever holds the
 * root secret makes one for each call, so none is stored, and one that leaks is worth nothing a minute later.
 */
import { jwtVerify, SignJWT } from 'jose';
import { deriveKey } from '../../config/secrets.ts';

/** How long an admin token is good for, in seconds. */
export const ADMIN_TOKEN_SECONDS = 60;

const AUDIENCE = 'mcpgw-admin';
/** RFC 8725 §3.11: an explicit type, so that no other token of ours is taken for one. */
const TYPE = 'mcpgw-admin+jwt';

/**
 * @param rootSecret the value of `GATEWAY_JWT_SECRET`
 * @param nowMs milliseconds since the epoch
 */
export function signAdminToken(rootSecret: string, nowMs: number): Promise<string> {
  const iat = Math.floor(nowMs / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: 'HS256', typ: TYPE })
    .setAudience(AUDIENCE)
    .setIssuedAt(iat)
    .setExpirationTime(iat + ADMIN_TOKEN_SECONDS)
    .sign(deriveKey(rootSecret, 'admin'));
}

/** @returns a function that says whether a token opens the admin API at `nowMs`, milliseconds since the epoch */
export function createAdminTokenCheck(rootSecret: string) {
  const key = deriveKey(rootSecret, 'admin');
  return async (token: string, nowMs: number): Promise<boolean> => {
    try {
      await jwtVerify(token, key, {
        algorithms: ['HS256'],
        typ: TYPE,
        audience: AUDIENCE,
        requiredClaims: ['exp', 'iat'],
        // Whatever end a token claims for itself.
        maxTokenAge: ADMIN_TOKEN_SECONDS,
        currentDate: new Date(nowMs),
      });
      return true;
    } catch {
      return false;
    }
  };
}
