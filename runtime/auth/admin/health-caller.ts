/**
 * The caller that `mcpgw health` is: a user and clients of our own. No client registers under an id with a colon in front,
 * so it cannot be had from outside.
 */
import { HEALTH_USER_ID } from '../../config/health-user.ts';

const CLIENT_PREFIX = 'internal:';

/** @returns the id of the client of one run */
export function healthClientId(grantId: string): string {
  return CLIENT_PREFIX + grantId;
}

export function isInternalClient(clientId: string): boolean {
  return clientId.startsWith(CLIENT_PREFIX);
}

/** @param claims of a token whose signature held: only the admin API signs such a pair */
export function isHealthCaller(claims: { sub: string; client_id: string; gid: string }): boolean {
  return claims.sub === HEALTH_USER_ID && claims.client_id === healthClientId(claims.gid);
}
