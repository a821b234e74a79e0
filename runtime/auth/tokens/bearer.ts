import { CLIENT_USER_PREFIX } from '../../policy/allow-list.ts';
import { isHealthCaller } from '../admin/health-caller.ts';
import type { AuthContext } from '../auth-context.ts';

/** Whom a token of ours speaks for. */
export interface Bearer {
  /** The `sub` of the token. */
  id: string;
  /** Its name and groups, for allow-lists. */
  name: string;
  groups: string[];
  clientId: string;
  grantId: string;
}

/** @returns the user id of a client that acts for itself (`client_credentials`). No identity provider has the id `client`. */
export function clientUserId(clientId: string): string {
  return CLIENT_USER_PREFIX + clientId;
}

/**
 * Whether the bearer of a token may (still) come in (security invariant 7): a person by the allow-list, our own, or a
 * client that acts for itself, while that is on.
 */
export function admitsBearer(
  { providers, settings }: AuthContext,
  { id, name, groups, clientId, grantId }: Bearer,
): boolean {
  if (isHealthCaller({ sub: id, client_id: clientId, gid: grantId })) return true;
  if (id.startsWith(CLIENT_USER_PREFIX))
    return settings.clientCredentials === true && id === clientUserId(clientId);
  return providers.admits({ id, name, groups });
}
