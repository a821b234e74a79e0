/** What a person reads who is known, but not let in. */
import type { FastifyReply } from 'fastify';
import type { TransactionRecord, User } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { AccessDeniedError } from '../errors.ts';
import { sendPage } from '../send-page.ts';
import { errorReturnUrl } from './authorization-response.ts';

type Asked = Pick<TransactionRecord, 'redirectUri' | 'state' | 'resources' | 'deviceId'>;

/**
 * A page and not a redirect at once: the person must read which account this was, and the application would only show
 * `access_denied`. The page links to the redirect.
 */
export function refuseAccount(
  context: AuthContext,
  reply: FastifyReply,
  asked: Asked,
  { name }: User,
): FastifyReply {
  const error = new AccessDeniedError('This account is not on the list of allowed users.');
  const page = context.pages.error({
    title: 'You are signed in, but not allowed in',
    message: `You are signed in as ${name}, who is not on the list of allowed users.`,
    advice: `Ask the operator of this gateway to add ${name}, or sign in with another account.`,
    returnUrl: errorReturnUrl(context.issuer, asked, error),
    code: error.code,
  });
  return sendPage(reply, error.status, page);
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
  const error = new AccessDeniedError('This account may not use what was asked for.');
  const page = context.pages.error({
    title: 'You are signed in, but may not use this',
    message: `You are signed in as ${name}, who may not use ${titles.join(', ')} with this application.`,
    advice: `Ask the operator of this gateway for access, or sign in with another account.`,
    returnUrl: errorReturnUrl(context.issuer, asked, error),
    code: error.code,
  });
  return sendPage(reply, error.status, page);
}
