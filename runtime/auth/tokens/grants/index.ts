import type { GrantType } from '../token.ts';
import * as authorizationCode from './authorization-code.ts';
import * as refreshToken from './refresh-token.ts';

/** The grants of the token endpoint, by `grant_type`. Registration and metadata know the same ones. */
export const GRANT_TYPES: ReadonlyMap<string, GrantType> = new Map<string, GrantType>(
  [authorizationCode, refreshToken].map((grant) => [grant.grantType, grant]),
);
