/**
 * Token revocation, RFC 7009. Either kind of token ends its whole grant: all access tokens and the refresh token that one
 * consent led to. For a refresh token §2.1 wants that ("the authorization server SHOULD also invalidate all access
 * tokens based on the same authorization grant"), for an access token it allows it ("the server MAY revoke the
 * respective refresh token as well"): a client that signs out means all of it, and what `/verify` reads for each token
 * is the standing of its grant, so nothing else has to be kept or looked up.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ClientRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { InvalidGrantError } from '../errors.ts';
import { readParameters } from '../parameters.ts';
import { authenticate } from './caller.ts';
import { findToken, type FoundToken } from './find-token.ts';

/**
 * `POST /revoke`. §2.2: "The authorization server responds with HTTP status code 200 if the token has been revoked
 * successfully or if the client submitted an invalid token." A token of another client is a fault of the request and
 * stays (§2.1, §2.2.1). It is no secret to who sends it that it is one: they could use it.
 *
 * @throws InvalidGrantError for another client's token; InvalidClientError, InvalidRequestError, StoreUnavailableError
 */
export async function revoke(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const parameters = readParameters(request.body);
  const client = await authenticate(context, request, parameters);
  const value = parameters.required('token');
  parameters.one('token_type_hint');
  const found = await findToken(context, value);
  if (found !== undefined) {
    assertOwn(context, client, found);
    await context.store.revokeGrant(found.grantId);
    context.audit('tokens_revoked', { client: client.id, grant: found.grantId });
  }
  return reply.header('cache-control', 'no-store').send();
}

/**
 * §2.1: the authorization server "verifies whether the token was issued to the client making the revocation request. If
 * this validation fails, the request is refused and the client is informed of the error", with a code of RFC 6749 §5.2,
 * where `invalid_grant` is for what "was issued to another client".
 */
function assertOwn({ audit }: AuthContext, client: ClientRecord, { clientId, grantId }: FoundToken): void {
  if (clientId === client.id) return;
  audit('revocation_refused', { client: client.id, grant: grantId, reason: 'a token of another client' });
  throw new InvalidGrantError('The token was issued to another client, which alone may revoke it.');
}
