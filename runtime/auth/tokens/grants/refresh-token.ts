/**
 * The refresh grant, RFC 6749 §6, with rotation, RFC 9700 §4.14.2 (security invariant 3). A retry gets the identical
 * answer, because clients lose answers and refresh in parallel; any other re-use ends the family.
 */
import type { ClientRecord, GrantRecord } from '../../../store/store.ts';
import type { AuthContext } from '../../auth-context.ts';
import { InvalidGrantError, ServerError } from '../../errors.ts';
import type { Parameters } from '../../parameters.ts';
import { isGenuine, parseRefreshToken } from '../refresh-tokens.ts';
import { grantFields, type Issued, type TokenRequest } from '../token.ts';

export const grantType = 'refresh_token';

export const parameters = ['refresh_token', 'scope', 'resource'] as const;

const INVALID = 'The refresh token is invalid, has expired or was revoked. Sign in again.';

export function grantId(request: Parameters): string | undefined {
  return parseRefreshToken(request.one('refresh_token') ?? '')?.grantId;
}

export function find(
  { refreshKey }: AuthContext,
  _client: ClientRecord,
  request: Parameters,
  named: GrantRecord | undefined,
): GrantRecord {
  const token = parseRefreshToken(request.required('refresh_token'));
  if (token === undefined || named === undefined || !isGenuine(token, named, refreshKey))
    throw new InvalidGrantError(INVALID);
  return named;
}

export async function handler(request: TokenRequest): Promise<Issued> {
  const { context, grant, mint, expiresAtMs } = request;
  const { store, sealer, audit, settings } = context;
  const generation = parseRefreshToken(request.parameters.required('refresh_token'))?.generation ?? 0;
  const about = `refresh-answer:${grant.id}:${generation}`;
  // Generations only grow, so an older token can no longer be the one that rotates: nothing is signed for it.
  const answer = generation === grant.generation ? mint(generation + 1) : undefined;
  const result = await store.rotateRefresh({
    grantId: grant.id,
    generation,
    sealed: answer === undefined ? '' : sealer.seal(answer, about),
    graceMs: settings.refreshGraceSeconds * 1000,
    expiresAtMs,
  });
  switch (result.outcome) {
    case 'rotated':
      if (answer === undefined) throw new ServerError('the store rotated a generation that was not current');
      return { json: answer, event: 'tokens_refreshed' };
    case 'retry':
      return { json: sealer.open(result.sealed, about), event: 'refresh_retried' };
    case 'reused':
      audit('refresh_reused', grantFields(grant));
      throw new InvalidGrantError(
        'The refresh token was used before; everything issued with it is revoked. Sign in again.',
      );
    case 'unknown':
      throw new InvalidGrantError(INVALID);
    default:
      throw new ServerError('the store answered an unknown outcome');
  }
}
