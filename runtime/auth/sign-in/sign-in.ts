/** What follows once it is known who the person is: the allow-list, the grant, and the code to the client. */
import type { FastifyReply } from 'fastify';
import { randomToken } from '../../config/secrets.ts';
import type { GrantRecord, TransactionRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { codeResponse, errorResponse } from './authorization-response.ts';
import { clientOf } from './consent.ts';
import { AccessDeniedError } from '../errors.ts';
import { sha256 } from '../hashing.ts';
import type { Identity } from '../idp/provider.ts';
import { keepRegistration } from '../clients/registration-end.ts';
import { usableServices } from '../policy.ts';
import { sendOnward, sendPage } from '../send-page.ts';

/** RFC 6749 §4.1.2: "The authorization code MUST expire shortly after it is issued"; security invariant 2 says 60 s. */
const CODE_LIFETIME_MS = 60_000;

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
    return refuse(context, reply, transaction, user);
  }
  if (usableServices(context, user, client.id, transaction.resources).length === 0) {
    context.audit('sign_in_refused', { ...who, reason: 'may use none of the services' });
    return refuseServices(context, reply, transaction, user);
  }
  await keepRegistration(context.store, client);
  const { grant, code } = createGrant(transaction, user, context.now());
  await context.store.putGrant(grant);
  // A consent is for one sign-in: from now on its page leads to no other. It may have ended by itself meanwhile.
  if (transaction.consentHash !== undefined)
    await context.store.takeRecord('transaction', transaction.consentHash);
  context.audit('signed_in', { ...who, grant: grant.id });
  return sendOnward(context, reply, 'You are signed in', codeResponse(context.issuer, transaction, code));
}

/** A code names its grant, so that it is found without an index; only its hash is kept. */
function createGrant(
  { clientId, redirectUri, redirectUriGiven, codeChallenge, scopes, resources }: TransactionRecord,
  user: Identity,
  nowMs: number,
): { grant: GrantRecord; code: string } {
  const id = randomToken(16);
  const code = `${id}.${randomToken()}`;
  const codeExpiresAtMs = nowMs + CODE_LIFETIME_MS;
  const grant: GrantRecord = {
    id,
    clientId,
    user,
    redirectUri,
    redirectUriGiven,
    codeChallenge,
    scopes,
    resources,
    createdAtMs: nowMs,
    expiresAtMs: codeExpiresAtMs,
    codeHash: sha256(code),
    codeExpiresAtMs,
    codeUsed: false,
    salt: randomToken(16),
    generation: 0,
    answers: [],
    revoked: false,
  };
  return { grant, code };
}

/**
 * A page and not a redirect at once: the person must read which account this was, and the application would only show
 * `access_denied`. The page links to the redirect.
 */
function refuse(
  context: AuthContext,
  reply: FastifyReply,
  transaction: TransactionRecord,
  { name }: Identity,
): FastifyReply {
  const error = new AccessDeniedError('This account is not on the list of allowed users.');
  const page = context.pages.error({
    title: 'You are signed in, but not allowed in',
    message: `You are signed in as ${name}, who is not on the list of allowed users.`,
    advice: `Ask the operator of this gateway to add ${name}, or sign in with another account.`,
    returnUrl: errorResponse(context.issuer, transaction, error),
    code: error.code,
  });
  return sendPage(reply, error.status, page);
}

function refuseServices(
  context: AuthContext,
  reply: FastifyReply,
  transaction: TransactionRecord,
  { name }: Identity,
): FastifyReply {
  const { settings, resources } = context;
  const asked = new Set(transaction.resources.map((url) => resources.service(url)));
  const titles = settings.services.filter((service) => asked.has(service.name)).map(({ title }) => title);
  const error = new AccessDeniedError('This account may not use what was asked for.');
  const page = context.pages.error({
    title: 'You are signed in, but may not use this',
    message: `You are signed in as ${name}, who may not use ${titles.join(', ')} with this application.`,
    advice: `Ask the operator of this gateway for access, or sign in with another account.`,
    returnUrl: errorResponse(context.issuer, transaction, error),
    code: error.code,
  });
  return sendPage(reply, error.status, page);
}
