/**
 * Consent (security invariant 1): a person sees who asks, where the answer goes and for what, and agrees before anything
 * else happens. RFC 6749 §10.2: the authorization server "SHOULD provide the resource owner with information about the
 * client and the requested authorization scope and lifetime".
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callbackUrl } from '../../config/topology.ts';
import { randomToken } from '../../config/secrets.ts';
import type { ClientRecord, TransactionRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { errorResponse } from './authorization-response.ts';
import { AccessDeniedError, InvalidClientError, InvalidRequestError } from '../errors.ts';
import type { IdentityProvider } from '../idp/provider.ts';
import { readParameters, type Parameters } from '../parameters.ts';
import { isLoopbackRedirect, redirectTarget } from '../clients/redirect-uri.ts';
import { covers, fitScopes } from '../scopes.ts';
import { sendOnward, sendPage } from '../send-page.ts';
import { sendPassphrasePage } from './passphrase.ts';
import { begin, finish, resume } from './transactions.ts';

/** What a client without a name is called. */
const NAMELESS = 'An application without a name';

interface Asked {
  client: ClientRecord;
  transaction: TransactionRecord;
  handle: string;
}

export function clientNameOf(client: ClientRecord): string {
  return client.metadata.client_name ?? NAMELESS;
}

export function sendConsentPage(
  context: AuthContext,
  reply: FastifyReply,
  asked: Asked,
  problem?: string,
): FastifyReply {
  const { client, transaction, handle } = asked;
  const { redirectUri, browserHash } = transaction;
  const { list } = context.providers;
  const page = context.pages.consent({
    handle,
    csrf: context.browsers.csrfToken(handle, browserHash),
    clientName: clientNameOf(client),
    clientHost: client.id.startsWith('https://') ? new URL(client.id).host : undefined,
    redirectTarget: redirectTarget(redirectUri),
    loopback: isLoopbackRedirect(redirectUri),
    choose: transaction.resources.length === 0,
    services: offeredServices(context, transaction),
    staysSignedIn: client.metadata.grant_types.includes('refresh_token'),
    providers: list.map(({ id, title }) => ({
      id,
      label: list.length > 1 ? `Allow, with ${title}` : 'Allow',
    })),
    signInNext: signInNext(list),
    problem,
  });
  return sendPage(reply, problem === undefined ? 200 : 400, page);
}

function signInNext([only, ...others]: readonly IdentityProvider[]): string | undefined {
  return only?.kind === 'remote' && others.length === 0 ? `You sign in with ${only.title} next.` : undefined;
}

/** `POST /consent`. */
export async function consent(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const parameters = readParameters(request.body);
  const { transaction, handle } = await resumeForm(context, request, parameters, 'consent');
  const client = await clientOf(context, transaction);
  const decision = parameters.required('decision');
  if (decision === 'deny') return deny(context, reply, transaction, client);
  const provider = context.providers.byId(decision.replace(/^allow:/, ''));
  if (provider === undefined || !decision.startsWith('allow:'))
    throw new InvalidRequestError('decision is unknown.');
  const access = chosenAccess(context, transaction, parameters);
  if (access.resources.length === 0) {
    return sendConsentPage(context, reply, { client, transaction, handle }, 'Choose at least one, or deny.');
  }
  context.audit('consent_given', {
    client: client.id,
    clientName: client.metadata.client_name,
    ...auditAccess(access),
  });
  // The consent page stays good until the sign-in is complete, so that going back or pressing twice does not end it.
  const agreed = { ...transaction, ...access, consentHash: transaction.idHash };
  return signInAt(context, reply, provider, agreed, client);
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
export async function clientOf(
  { store }: AuthContext,
  { clientId }: TransactionRecord,
): Promise<ClientRecord> {
  const client = await store.getClient(clientId);
  if (client === undefined)
    throw new InvalidClientError('The registration of the application has just ended.');
  return client;
}

async function deny(
  context: AuthContext,
  reply: FastifyReply,
  transaction: TransactionRecord,
  client: ClientRecord,
): Promise<FastifyReply> {
  await finish(context, transaction);
  context.audit('consent_denied', { client: client.id, clientName: client.metadata.client_name });
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
  const { url, ...kept } = await provider.begin({
    state,
    redirectUri: callbackUrl(context.settings.topology),
  });
  await begin(context, { ...agreed, step: 'upstream', upstream: { provider: provider.id, ...kept } }, state);
  return sendOnward(context, reply, `Sign in with ${provider.title}`, url);
}

/** The services to show: those that the request names and its scopes cover, or all of them to choose from. */
function offeredServices(
  { settings, resources }: AuthContext,
  transaction: TransactionRecord,
): { name: string; title: string; description: string; chosen: boolean }[] {
  const named = new Set(transaction.resources.map((url) => resources.service(url)));
  const services = settings.services.filter(
    ({ name }) => named.size === 0 || (named.has(name) && covers(transaction.scopes, name)),
  );
  return services.map((service) => ({ ...service, chosen: settings.services.length === 1 }));
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

function auditAccess({ resources, scopes }: Pick<TransactionRecord, 'resources' | 'scopes'>): {
  resources: string[];
  scope: string;
} {
  return { resources, scope: scopes.join(' ') };
}
