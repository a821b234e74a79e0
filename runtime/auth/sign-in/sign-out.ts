/** `/signout`: shows who is signed in in this browser, and ends that when they say so. What applications hold stays. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SessionRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { AccessDeniedError } from '../errors.ts';
import { readParameters } from '../parameters.ts';
import { sendPage } from '../send-page.ts';
import { accountOf } from './account.ts';

/** What the CSRF token of the form is for; no handle of a transaction looks like it. */
const FORM = 'signout';

/** `GET /signout`. */
export async function showSignOut(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const session = await context.sessions.find(request, reply);
  if (session === undefined) return sendPage(reply, 200, context.pages.signedOut({}));
  const account = accountOf(context, session);
  const page = context.pages.signOut({ csrf: tokenOf(context, session), account });
  return sendPage(reply, 200, page);
}

/** `POST /signout`. */
export async function signOut(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const session = await context.sessions.find(request, reply);
  if (session === undefined) return sendPage(reply, 200, context.pages.signedOut({}));
  const csrf = readParameters(request.body).one('csrf') ?? '';
  if (!context.browsers.isCsrfToken(csrf, FORM, session.idHash))
    throw new AccessDeniedError('The form did not come from our page. Open /signout and press the button.');
  await context.sessions.end(request, reply);
  const { id, name } = session.user;
  context.audit('signed_out', { user: id, userName: name });
  return sendPage(reply, 200, context.pages.signedOut({ was: name }));
}

function tokenOf({ browsers }: AuthContext, { idHash }: SessionRecord): string {
  return browsers.csrfToken(FORM, idHash);
}
