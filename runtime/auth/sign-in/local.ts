/** `POST /local`: the one person of this machine presses "Continue", in the browser that agreed (security invariant 1). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuthContext } from '../auth-context.ts';
import { resumeForm } from './consent.ts';
import { InvalidRequestError } from '../errors.ts';
import { readParameters } from '../parameters.ts';
import { completeSignIn } from './sign-in.ts';
import { finish } from './transactions.ts';

export async function local(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { transaction } = await resumeForm(context, request, readParameters(request.body), 'upstream');
  const provider = context.providers.byId(transaction.upstream?.provider ?? '');
  if (provider?.kind !== 'local') throw new InvalidRequestError('This sign-in uses an identity provider.');
  await finish(context, transaction);
  return completeSignIn(context, reply, transaction, provider.identity);
}
