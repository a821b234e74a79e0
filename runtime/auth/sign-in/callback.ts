/**
 * `/callback`: the person comes back from the identity provider, in the browser that agreed (security invariant 1; RFC
 * 9700 §4.7.1). Whatever fails ends on a page for the person, not in JSON.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callbackUrl } from '../../config/topology.ts';
import type { TransactionRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { InvalidRequestError } from '../errors.ts';
import { SignInError, type Identity, type RemoteProvider } from '../idp/provider.ts';
import { readParameters } from '../parameters.ts';
import { sendSignInFailure } from './refusals.ts';
import { completeSignIn } from './sign-in.ts';
import { finish, resume } from './transactions.ts';

export async function callback(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const state = readParameters(request.query).required('state');
  const transaction = await resume(context, state, 'upstream', context.browsers.hash(request));
  const provider = context.providers.byId(transaction.upstream?.provider ?? '');
  if (provider?.kind !== 'remote')
    throw new InvalidRequestError('This sign-in does not use an identity provider.');
  await finish(context, transaction);
  let identity: Identity;
  try {
    identity = await askProvider(context, provider, transaction, state, queryOf(request));
  } catch (error) {
    if (!(error instanceof SignInError)) throw error;
    return sendSignInFailure(context, reply, transaction, provider, error);
  }
  return completeSignIn(context, reply, transaction, identity);
}

function askProvider(
  { settings }: AuthContext,
  provider: RemoteProvider,
  { upstream }: TransactionRecord,
  state: string,
  query: URLSearchParams,
): Promise<Identity> {
  const redirectUri = callbackUrl(settings.topology);
  return provider.finish({
    query,
    state,
    redirectUri,
    codeVerifier: upstream?.codeVerifier,
    nonce: upstream?.nonce,
  });
}

function queryOf(request: FastifyRequest): URLSearchParams {
  const mark = request.url.indexOf('?');
  return new URLSearchParams(mark < 0 ? '' : request.url.slice(mark));
}
