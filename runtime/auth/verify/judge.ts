/**
 * Whether the person of a token may (still) come in, and use this service with this client (security invariant 7). Judged
 * when a token is first seen, and again after each change of the allow-lists or the policy.
 */
import { isHealthCaller } from '../admin/health-caller.ts';
import type { AuthContext } from '../auth-context.ts';
import { AccessDeniedError, InvalidTokenError, type OAuthError } from '../errors.ts';
import { admitsBearer } from '../tokens/bearer.ts';
import type { KeptClaims, VerifiedToken } from './verified-token.ts';

/**
 * Notes on the token what was decided, and under which version of the policy.
 *
 * @returns why the token is refused, or undefined when it is not
 */
export function judge(context: AuthContext, token: VerifiedToken, service: string): OAuthError | undefined {
  const { claims } = token;
  const { sub: id, name, groups = [], client_id: clientId, gid: grantId } = claims;
  token.policyVersion = context.policy.version;
  token.passed = undefined;
  if (!admitsBearer(context, { id, name, groups, clientId, grantId }))
    return deny(context, claims, service, new InvalidTokenError('The person is not allowed in.'));
  if (isHealthCaller(claims)) return undefined;
  const decision = context.policy.decide({ user: { id, name, groups }, client: clientId, service });
  if (!decision.allowed) {
    const error = new AccessDeniedError('The person may not use this service.', decision.reason);
    return deny(context, claims, service, error);
  }
  token.tools = decision.tools;
  return undefined;
}

/** Only for tokens whose signature held: anybody can make up others, as many as they like. */
export function deny(
  { audit }: AuthContext,
  { sub: user, name: userName, client_id: client, gid: grant }: KeptClaims,
  service: string,
  error: OAuthError,
): OAuthError {
  audit('access_denied', { user, userName, client, grant, service, reason: error.debug ?? error.hint });
  return error;
}
