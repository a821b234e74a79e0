import type { AuthSettings } from '../../settings.ts';
import type { GrantType } from '../token.ts';
import * as authorizationCode from './authorization-code.ts';
import * as clientCredentials from './client-credentials.ts';
import * as deviceCode from './device-code.ts';
import * as refreshToken from './refresh-token.ts';

/** The grants of the token endpoint, by `grant_type`. */
const GRANT_TYPES: ReadonlyMap<string, GrantType> = new Map<string, GrantType>(
  [authorizationCode, refreshToken, deviceCode, clientCredentials].map((grant) => [grant.grantType, grant]),
);

/** @returns the grant types that the operator has not turned off. Registration and metadata know the same ones. */
export function grantTypes(settings: AuthSettings): string[] {
  return [...GRANT_TYPES.keys()].filter((name) => isOn(name, settings));
}

/** @returns undefined for one that is unknown or turned off */
export function grantTypeOf(settings: AuthSettings, name: string): GrantType | undefined {
  return isOn(name, settings) ? GRANT_TYPES.get(name) : undefined;
}

function isOn(name: string, { clientCredentials: on = false }: AuthSettings): boolean {
  return on || name !== clientCredentials.grantType;
}
