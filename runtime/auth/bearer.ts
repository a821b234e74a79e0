import { InvalidTokenError } from './errors.ts';
import { equalsInConstantTime, sha256 } from './hashing.ts';

/** @returns the token of `Authorization: Bearer` (RFC 6750 §2.1); undefined where there is none */
export function readBearer(authorization: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(authorization ?? '')?.[1];
}

/** @returns whether the token is the one whose hash is kept, in a time that does not say where they differ */
export function isBearer(token: string | undefined, hash: string): boolean {
  return equalsInConstantTime(sha256(token ?? ''), hash) && token !== undefined;
}

/** RFC 6750 §3: 401 with the challenge; §3.1: no error code where no token came. */
export class BearerRequiredError extends InvalidTokenError {
  constructor(hint: string, given: boolean) {
    super(hint, undefined, {
      'www-authenticate': given ? 'Bearer realm="mcpgw", error="invalid_token"' : 'Bearer realm="mcpgw"',
    });
  }
}
