/** What follows once it is known who the person is: the allow-list, the browser's session, and the code. */
import type { FastifyReply } from 'fastify';
import type { TransactionRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { clientOf } from './consent.ts';
import type { Identity } from '../idp/provider.ts';
import { issueCode } from './issue-code.ts';
import { refuseAccount } from './refusals.ts';
import { rememberConsent } from './remembered-consent.ts';

/** @param user who has just proved who they are */
export async function completeSignIn(
  context: AuthContext,
  reply: FastifyReply,
  transaction: TransactionRecord,
  user: Identity,
): Promise<FastifyReply> {
  const client = await clientOf(context, transaction);
  const who = { client: client.id, user: user.id, userName: user.name };
  if (!context.providers.admits(user)) {
    context.audit('sign_in_refused', { ...who, reason: 'not on the allow-list' });
    return refuseAccount(context, reply, transaction, user);
  }
  await context.sessions.begin(reply.request, reply, user);
  context.audit('signed_in', who);
  await rememberConsent(context, client, user, transaction);
  return issueCode(context, reply, client, user, transaction);
}
