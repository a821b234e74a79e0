/**
 * The authorization code grant, RFC 6749 §4.1.3 with PKCE, RFC 7636 §4.6 (security invariant 2). The checks come before
 * the code is used up, so that nobody who merely saw a code can spend it.
 */
import type { ClientRecord, GrantRecord } from '../../../store/store.ts';
import type { AuthContext } from '../../auth-context.ts';
import { InvalidGrantError, ServerError } from '../../errors.ts';
import { equalsInConstantTime, sha256 } from '../../hashing.ts';
import type { Parameters } from '../../parameters.ts';
import { verifyPkce } from '../../sign-in/pkce.ts';
import { isRegisteredRedirect } from '../../clients/redirect-uri.ts';
import { grantFields, type Issued, type TokenRequest } from '../token.ts';

export const grantType = 'authorization_code';

export const parameters = ['code', 'redirect_uri', 'code_verifier', 'resource'] as const;

const INVALID = 'The authorization code is invalid, has expired or was used before.';
const REPLAYED = 'The authorization code was used before; what it issued is revoked.';

/** A code begins with its grant's id. */
export function grantId(request: Parameters): string | undefined {
  return request.one('code')?.split('.')[0];
}

export async function find(
  context: AuthContext,
  client: ClientRecord,
  request: Parameters,
  grant: GrantRecord | undefined,
): Promise<GrantRecord> {
  const code = request.required('code');
  if (grant === undefined || !equalsInConstantTime(sha256(code), grant.codeHash))
    throw new InvalidGrantError(INVALID);
  if (grant.codeUsed) return refuseReplay(context, grant);
  const verifier = request.required('code_verifier');
  // RFC 6749 §4.1.3: "ensure that the authorization code was issued to the authenticated confidential client, or if the
  // client is public, ensure that the code was issued to 'client_id' in the request".
  if (grant.clientId !== client.id) throw new InvalidGrantError(INVALID, 'code of another client');
  assertSameRedirect(grant, request.one('redirect_uri'));
  // RFC 7636 §4.6: "If the values are not equal, an error response indicating 'invalid_grant' […] MUST be returned."
  if (!verifyPkce(verifier, grant.codeChallenge))
    throw new InvalidGrantError('code_verifier does not match code_challenge.');
  return grant;
}

export async function handler({
  context,
  grant,
  parameters: request,
  mint,
  expiresAtMs,
}: TokenRequest): Promise<Issued> {
  const { store, audit } = context;
  const result = await store.redeemCode(grant.id, sha256(request.required('code')), expiresAtMs);
  switch (result.outcome) {
    case 'unknown':
      throw new InvalidGrantError(INVALID);
    case 'replayed':
      audit('code_replayed', grantFields(grant));
      throw new InvalidGrantError(REPLAYED);
    case 'redeemed':
      return { json: mint(result.grant.generation), event: 'tokens_issued' };
    default:
      throw new ServerError('the store answered an unknown outcome');
  }
}

/**
 * RFC 6749 §4.1.2: "If an authorization code is used more than once, the authorization server MUST deny the request and
 * SHOULD revoke (when possible) all tokens previously issued based on that authorization code." Whatever else the request
 * got wrong: whoever sends a used code knows what nobody should. (One that is used up after `find` has read it is found
 * by `redeemCode`.)
 */
async function refuseReplay({ store, audit }: AuthContext, grant: GrantRecord): Promise<never> {
  if (!grant.revoked) {
    await store.revokeGrant(grant.id);
    audit('code_replayed', grantFields(grant));
  }
  throw new InvalidGrantError(REPLAYED);
}

/**
 * RFC 6749 §4.1.3: "ensure that the 'redirect_uri' parameter is present if the 'redirect_uri' parameter was included in
 * the initial authorization request […], and if included ensure that their values are identical."
 */
function assertSameRedirect(grant: GrantRecord, redirectUri: string | undefined): void {
  if (redirectUri === undefined) {
    // OAuth 2.1 §10.2 drops the parameter from the token request; PKCE has bound the code to who asked for it.
    if (!grant.redirectUriGiven) return;
    throw new InvalidGrantError('redirect_uri is missing; the authorization request had it.');
  }
  const same = grant.redirectUriGiven
    ? redirectUri === grant.redirectUri
    : isRegisteredRedirect(redirectUri, [grant.redirectUri]);
  if (!same) throw new InvalidGrantError('redirect_uri is not the one of the authorization request.');
}
