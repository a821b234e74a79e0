/**
 * `/device`, where a person enters the code of their terminal (RFC 8628 §3.3), and then sees the same consent page and
 * signs in as for any other client. §5.4, remote phishing: "the authorization server SHOULD display information about
 * the device so that the user could notice" what they let in, so every step says to go on only with a code of one's own.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuthContext } from '../auth-context.ts';
import { AccessDeniedError } from '../errors.ts';
import { readParameters } from '../parameters.ts';
import { sendPage } from '../send-page.ts';
import { clientOf } from '../sign-in/consent.ts';
import { sendConsentPage } from '../sign-in/consent-page.ts';
import { begin } from '../sign-in/transactions.ts';
import { findByUserCode } from './device-codes.ts';
import { readUserCode } from './user-code.ts';

/** In place of a transaction's handle, which there is none of yet: what the CSRF token of the form is about. */
const FORM = 'device';

const NO_SUCH_CODE =
  'No device waits for this code. Compare it with the one on the device; it lasts for ten minutes.';

/**
 * `GET /device`. With `user_code` (§3.3.1) the person still confirms: "it is RECOMMENDED that the server […] ask them to
 * verify that" the code "matches what is being shown on the device".
 */
export function showDevicePage(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const given = readParameters(request.query).one('user_code');
  return sendForm(context, request, reply, given === undefined ? undefined : readUserCode(given));
}

/** `POST /device`. */
export async function enterUserCode(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { browsers, limiter } = context;
  const parameters = readParameters(request.body);
  const browserHash = browsers.hash(request);
  if (browserHash === undefined || !browsers.isCsrfToken(parameters.one('csrf') ?? '', FORM, browserHash)) {
    throw new AccessDeniedError(
      'The form did not come from our page, or your browser does not keep cookies. Open the page again and enter the code.',
    );
  }
  const typed = parameters.one('user_code') ?? '';
  // RFC 8628 §5.1: the server "SHOULD rate-limit user code attempts".
  await limiter.admit('userCodes');
  const record = await findByUserCode(context, typed);
  if (record === undefined) return sendForm(context, request, reply, typed.slice(0, 20), NO_SUCH_CODE);
  const { id, clientId, scopes, resources } = record;
  const session = await context.sessions.find(request, reply);
  const { handle, transaction } = await begin(context, {
    step: 'consent',
    clientId,
    deviceId: id,
    scopes,
    resources,
    browserHash,
    // There is no redirect: the device hears of the answer by asking.
    redirectUri: '',
    redirectUriGiven: false,
    codeChallenge: '',
    ...(session && { sessionHash: session.idHash }),
  });
  const client = await clientOf(context, transaction);
  return sendConsentPage(context, reply, { client, transaction, handle, session });
}

function sendForm(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
  userCode: string | undefined,
  problem?: string,
): FastifyReply {
  const csrf = context.browsers.csrfToken(FORM, context.browsers.ensure(request, reply));
  return sendPage(
    reply,
    problem === undefined ? 200 : 400,
    context.pages.device({ csrf, userCode, problem }),
  );
}
