/**
 * `POST /passphrase`: the owner types the passphrase, in the browser that agreed (security invariant 1). A wrong one may
 * be tried again on the same page, as often as the limits allow.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TransactionRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { clientNameOf } from './consent-page.ts';
import { clientOf, resumeForm } from './consent.ts';
import { InvalidRequestError } from '../errors.ts';
import type { FormProvider } from '../idp/provider.ts';
import { readParameters } from '../parameters.ts';
import { sendPage } from '../send-page.ts';
import { completeSignIn } from './sign-in.ts';
import { finish } from './transactions.ts';

export async function passphrase(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const parameters = readParameters(request.body);
  const { transaction, handle } = await resumeForm(context, request, parameters, 'upstream');
  const provider = context.providers.byId(transaction.upstream?.provider ?? '');
  if (provider?.kind !== 'form') throw new InvalidRequestError('This sign-in does not use a passphrase.');
  const answer = parameters.one('passphrase') ?? '';
  // Counted before it is checked, so that attempts at the same time count, too.
  await context.limiter.admit('passphrases');
  if (answer === '' || !(await provider.check(answer))) {
    const reason = 'wrong passphrase';
    context.audit('sign_in_refused', { client: transaction.clientId, provider: provider.id, reason });
    return sendPassphrasePage(context, reply, provider, transaction, handle, 'This is not the passphrase.');
  }
  await finish(context, transaction);
  return completeSignIn(context, reply, transaction, provider.identity);
}

/** @param handle of the transaction in the step `upstream` */
export async function sendPassphrasePage(
  context: AuthContext,
  reply: FastifyReply,
  { identity }: FormProvider,
  transaction: TransactionRecord,
  handle: string,
  problem?: string,
): Promise<FastifyReply> {
  const client = await clientOf(context, transaction);
  const page = context.pages.passphrase({
    handle,
    csrf: context.browsers.csrfToken(handle, transaction.browserHash),
    clientName: clientNameOf(client),
    userName: identity.name,
    problem,
  });
  return sendPage(reply, problem === undefined ? 200 : 403, page);
}
