/**
 * Consent (security invariant 1): a person sees who asks, where the answer goes and for what, and agrees before anything
 * else happens. RFC 6749 §10.2: the authorization server "SHOULD provide the resource owner with information about the
 * client and the requested authorization scope and lifetime".
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomToken } from '../../config/secrets.ts';
import { callbackUrl } from '../../config/topology.ts';
import type { ClientRecord, SessionRecord, TransactionRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { resolveClient } from '../clients/resolve-client.ts';
import { denyDevice } from '../device/answer.ts';
import { AccessDeniedError, InvalidClientError, InvalidRequestError } from '../errors.ts';
import { SignInError, type IdentityProvider } from '../idp/provider.ts';
import { readParameters, type Parameters } from '../parameters.ts';
import { fitScopes } from '../scopes.ts';
import { sendOnward, sendPage } from '../send-page.ts';
import { errorResponse } from './authorization-response.ts';
import { clientNameOf, sendConsentPage, type Asked } from './consent-page.ts';
import { issueCode } from './issue-code.ts';
import { sendPassphrasePage } from './passphrase.ts';
import { sendSignInFailure } from './refusals.ts';
import { forgetConsent, rememberConsent } from './remembered-consent.ts';
import { begin, change, finish, resume } from './transactions.ts';

const SESSION_OVER = 'You are no longer signed in as the page said. Sign in to go on.';

/** `POST /consent`. */
export async function consent(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const parameters = readParameters(request.body);
  const { transaction, handle } = await resumeForm(context, request, parameters, 'consent');
  const client = await clientOf(context, transaction);
  const session = await sessionOf(context, request, reply, transaction);
  const asked: Asked = { client, transaction, handle, session };
  const decision = parameters.required('decision');
  if (decision === 'deny') return deny(context, reply, asked);
  if (decision === 'switch') return askWithoutSession(context, reply, asked);
  const provider = context.providers.byId(decision.replace(/^allow:/, ''));
  const withSession = decision === 'allow' && transaction.sessionHash !== undefined;
  if (!withSession && (provider === undefined || !decision.startsWith('allow:')))
    throw new InvalidRequestError('decision is unknown.');
  if (withSession && session === undefined) return askWithoutSession(context, reply, asked, SESSION_OVER);
  const access = chosenAccess(context, transaction, parameters);
  if (access.resources.length === 0)
    return sendConsentPage(context, reply, asked, 'Choose at least one, or deny.');
  context.audit('consent_given', {
    client: client.id,
    clientName: client.metadata.client_name,
    ...(withSession && session !== undefined && whoIs(session)),
    ...auditAccess(access),
  });
  const agreed = { ...transaction, ...access };
  if (provider === undefined || withSession) return goOn(context, reply, asked, agreed);
  // The consent page stays good until the sign-in is complete, so that going back or pressing twice does not end it.
  return signInAt(context, reply, provider, { ...agreed, consentHash: transaction.idHash }, client);
}

/** The session that the page showed, if it is still this browser's: what was agreed to as one user counts for no other. */
async function sessionOf(
  { sessions }: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { sessionHash }: TransactionRecord,
): Promise<SessionRecord | undefined> {
  const session = sessionHash === undefined ? undefined : await sessions.find(request, reply);
  return session?.idHash === sessionHash ? session : undefined;
}

/** The page again, for a person who wants to be, or has to become, somebody else. */
async function askWithoutSession(
  context: AuthContext,
  reply: FastifyReply,
  { client, transaction, handle }: Asked,
  problem?: string,
): Promise<FastifyReply> {
  const changed = { ...transaction, ...(problem === undefined && { chooseAccount: true }) };
  delete changed.sessionHash;
  await change(context, transaction, changed);
  return sendConsentPage(context, reply, { client, transaction: changed, handle }, problem);
}

/** On to the code without an identity provider: the session says who the person is. */
async function goOn(
  context: AuthContext,
  reply: FastifyReply,
  { client, session }: Asked,
  agreed: TransactionRecord,
): Promise<FastifyReply> {
  if (session === undefined) throw new InvalidRequestError('decision is unknown.');
  await finish(context, agreed);
  await rememberConsent(context, client, session.user, agreed);
  return issueCode(context, reply, client, session.user, agreed);
}

/**
 * Reads one of our forms: the browser's cookie and the CSRF token must both belong to the transaction.
 *
 * @throws InvalidRequestError, AccessDeniedError
 */
export async function resumeForm(
  context: AuthContext,
  request: FastifyRequest,
  parameters: Parameters,
  step: TransactionRecord['step'],
): Promise<{ transaction: TransactionRecord; handle: string }> {
  const handle = parameters.required('transaction');
  const transaction = await resume(context, handle, step, context.browsers.hash(request));
  if (!context.browsers.isCsrfToken(parameters.one('csrf') ?? '', handle, transaction.browserHash)) {
    throw new AccessDeniedError('The form did not come from our page. Start again from the application.');
  }
  return { transaction, handle };
}

/** @throws InvalidClientError when the client was removed meanwhile */
export async function clientOf(context: AuthContext, { clientId }: TransactionRecord): Promise<ClientRecord> {
  const client = await resolveClient(context, clientId);
  if (client === undefined)
    throw new InvalidClientError('The registration of the application has just ended.');
  return client;
}

async function deny(
  context: AuthContext,
  reply: FastifyReply,
  { client, transaction, session }: Asked,
): Promise<FastifyReply> {
  await finish(context, transaction);
  if (session !== undefined) await forgetConsent(context, client, session.user, transaction.redirectUri);
  context.audit('consent_denied', {
    client: client.id,
    clientName: client.metadata.client_name,
    ...(session !== undefined && whoIs(session)),
  });
  if (transaction.deviceId !== undefined) return denyDevice(context, reply, client, transaction.deviceId);
  const error = new AccessDeniedError('The person did not agree.');
  return sendOnward(context, reply, 'You denied access', errorResponse(context.issuer, transaction, error));
}

/** Only from here does a browser get to an identity provider. */
async function signInAt(
  context: AuthContext,
  reply: FastifyReply,
  provider: IdentityProvider,
  agreed: TransactionRecord,
  client: ClientRecord,
): Promise<FastifyReply> {
  const state = randomToken();
  if (provider.kind === 'local') {
    await begin(context, { ...agreed, step: 'upstream', upstream: { provider: provider.id } }, state);
    const csrf = context.browsers.csrfToken(state, agreed.browserHash);
    const { name: userName } = provider.identity;
    return sendPage(
      reply,
      200,
      context.pages.local({ handle: state, csrf, clientName: clientNameOf(client), userName }),
    );
  }
  if (provider.kind === 'form') {
    const upstream = { provider: provider.id };
    const { transaction } = await begin(context, { ...agreed, step: 'upstream', upstream }, state);
    return sendPassphrasePage(context, reply, provider, transaction, state);
  }
  const redirectUri = callbackUrl(context.settings.topology);
  const chooseAccount = agreed.chooseAccount === true;
  const begun = await provider.begin({ state, redirectUri, chooseAccount }).catch((error: unknown) => {
    if (error instanceof SignInError) return error;
    throw error;
  });
  if (begun instanceof SignInError) return sendSignInFailure(context, reply, agreed, provider, begun);
  const { url, ...kept } = begun;
  await begin(context, { ...agreed, step: 'upstream', upstream: { provider: provider.id, ...kept } }, state);
  return sendOnward(context, reply, `Sign in with ${provider.title}`, url);
}

function chosenAccess(
  { settings, resources }: AuthContext,
  transaction: TransactionRecord,
  parameters: Parameters,
): Pick<TransactionRecord, 'resources' | 'scopes'> {
  if (transaction.resources.length > 0) return transaction;
  const chosen = new Set(parameters.many('service'));
  const services = settings.topology.services.filter((name) => chosen.has(name));
  return {
    resources: services.map((name) => resources.url(name)),
    scopes: services.length === 0 ? [] : fitScopes(transaction.scopes, services),
  };
}

function whoIs({ user }: SessionRecord): { user: string; userName: string } {
  return { user: user.id, userName: user.name };
}

function auditAccess({ resources, scopes }: Pick<TransactionRecord, 'resources' | 'scopes'>): {
  resources: string[];
  scope: string;
} {
  return { resources, scope: scopes.join(' ') };
}
