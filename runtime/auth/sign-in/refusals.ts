/** What a person reads who is not let in. */
import type { FastifyReply } from 'fastify';
import type { TransactionRecord, User } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { AccessDeniedError } from '../errors.ts';
import type { RemoteProvider, SignInError } from '../idp/provider.ts';
import type { ErrorPage } from '../pages/render.ts';
import { sendPage } from '../send-page.ts';
import { errorReturnUrl } from './authorization-response.ts';

type Asked = Pick<TransactionRecord, 'redirectUri' | 'state' | 'resources' | 'deviceId'>;

/**
 * A page and not a redirect at once: the person must read which account this was, and the application would only show
 * `access_denied`. The page links to the redirect.
 * @param hint for the application
 */
export function refusePerson(
  { issuer, pages }: AuthContext,
  reply: FastifyReply,
  asked: Asked,
  hint: string,
  words: Pick<ErrorPage, 'title' | 'message' | 'advice'>,
): FastifyReply {
  const error = new AccessDeniedError(hint);
  const page = pages.error({
    ...words,
    returnUrl: errorReturnUrl(issuer, asked, error),
    code: error.code,
  });
  return sendPage(reply, error.status, page);
}

export function refuseAccount(
  context: AuthContext,
  reply: FastifyReply,
  asked: Asked,
  { name }: User,
): FastifyReply {
  return refusePerson(context, reply, asked, 'This account is not on the list of allowed users.', {
    title: 'You are signed in, but not allowed in',
    message: `You are signed in as ${name}, who is not on the list of allowed users.`,
    advice: `Ask the operator of this gateway to add ${name}, or sign in with another account.`,
  });
}

/** The policy lets them use nothing of what the application asked for. */
export function refuseServices(
  context: AuthContext,
  reply: FastifyReply,
  asked: Asked,
  { name }: User,
): FastifyReply {
  const { settings, resources } = context;
  const names = new Set(asked.resources.map((url) => resources.service(url)));
  const titles = settings.services.filter((service) => names.has(service.name)).map(({ title }) => title);
  return refusePerson(context, reply, asked, 'This account may not use what was asked for.', {
    title: 'You are signed in, but may not use this',
    message: `You are signed in as ${name}, who may not use ${titles.join(', ')} with this application.`,
    advice: `Ask the operator of this gateway for access, or sign in with another account.`,
  });
}

/** The identity provider did not say who they are, or does not work. */
export function sendSignInFailure(
  context: AuthContext,
  reply: FastifyReply,
  transaction: TransactionRecord,
  provider: RemoteProvider,
  error: SignInError,
): FastifyReply {
  context.audit('sign_in_refused', {
    client: transaction.clientId,
    provider: provider.id,
    reason: error.debug,
  });
  return refusePerson(context, reply, transaction, 'The person could not be signed in.', {
    title: 'You are not signed in',
    message: error.message,
  });
}
