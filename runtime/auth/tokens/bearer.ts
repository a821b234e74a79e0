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

/** Whether the bearer of a token may (still) come in (security invariant 7): a person by the allow-list, or our own. */
export function admitsBearer(
  { providers }: AuthContext,
  { id, name, groups, clientId, grantId }: Bearer,
): boolean {
  if (isHealthCaller({ sub: id, client_id: clientId, gid: grantId })) return true;
  return providers.admits({ id, name, groups });
}
