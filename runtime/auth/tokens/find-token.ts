/** What a token is, for the endpoints that are asked about one: introspection and revocation. */
import type { GrantRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { isGenuine, parseRefreshToken, type ParsedRefreshToken } from './refresh-tokens.ts';
import { hasValidSignature, parseAccessToken, type AccessTokenClaims } from './tokens.ts';

/** A token that we made. Whether it still stands is another question. */
export type FoundToken =
  | { kind: 'access'; clientId: string; grantId: string; claims: AccessTokenClaims }
  | { kind: 'refresh'; clientId: string; grantId: string; token: ParsedRefreshToken; grant: GrantRecord };

/**
 * A token shows by its form what it is, so `token_type_hint` is not needed. RFC 7009 §2.1: "An authorization server MAY
 * ignore this parameter, particularly if it is able to detect the token type automatically." So it never happens that a
 * token's type is not supported either (`unsupported_token_type`).
 *
 * @returns undefined for what is no token of ours
 * @throws StoreUnavailableError
 */
export async function findToken(context: AuthContext, value: string): Promise<FoundToken | undefined> {
  const refresh = parseRefreshToken(value);
  return refresh === undefined ? findAccessToken(context, value) : findRefreshToken(context, refresh);
}

async function findAccessToken(
  { keys, issuer }: AuthContext,
  value: string,
): Promise<FoundToken | undefined> {
  const parsed = parseAccessToken(value);
  if (parsed === undefined) return undefined;
  const key = keys.known(parsed.kid) ?? (await keys.find(parsed.kid));
  if (key === undefined || !hasValidSignature(parsed, key)) return undefined;
  const { claims } = parsed;
  if (claims.iss !== issuer) return undefined;
  return { kind: 'access', clientId: claims.client_id, grantId: claims.gid, claims };
}

async function findRefreshToken(
  { store, refreshKey }: AuthContext,
  token: ParsedRefreshToken,
): Promise<FoundToken | undefined> {
  const grant = await store.getGrant(token.grantId);
  if (grant === undefined || !isGenuine(token, grant, refreshKey)) return undefined;
  return { kind: 'refresh', clientId: grant.clientId, grantId: grant.id, token, grant };
}
