/**
 * The authorization endpoint, RFC 6749 §4.1.1 with PKCE (RFC 7636), resource indicators (RFC 8707) and `iss` (RFC 9207).
 * It ends in the consent page (security invariant 1), unless a signed-in person agreed to all of it before.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ClientRecord, SessionRecord, TransactionRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { errorResponse, type ResponseTarget } from './authorization-response.ts';
import { sendConsentPage } from './consent-page.ts';
import {
  ConsentRequiredError,
  InvalidClientError,
  InvalidRequestError,
  LoginRequiredError,
  OAuthError,
  UnauthorizedClientError,
  UnsupportedResponseTypeError,
} from '../errors.ts';
import { readParameters, type Parameters } from '../parameters.ts';
import { isS256Challenge } from './pkce.ts';
import { resolveClient } from '../clients/resolve-client.ts';
import { isRegisteredRedirect, isWebRedirect, redirectTarget } from '../clients/redirect-uri.ts';
import { fitScopes, parseScope, serviceOfScope } from '../scopes.ts';
import { sendPage } from '../send-page.ts';
import { issueCode } from './issue-code.ts';
import { acceptsSession, readPrompt, type Prompt } from './prompt.ts';
import { hasAgreed } from './remembered-consent.ts';
import { begin } from './transactions.ts';

/** How long a parameter may be that is stored as it came, in bytes of UTF-8. */
const MAX_BYTES = { state: 4096, redirect_uri: 2048, scope: 2048 };

type Request = Pick<TransactionRecord, 'codeChallenge' | 'scopes' | 'resources' | 'state'>;

/** A request that has nothing wrong with it. */
type Asked = Request & Pick<TransactionRecord, 'redirectUri' | 'redirectUriGiven'>;

export async function authorize(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const parameters = readParameters(request.query, { checkLater: true });
  const client = await findClient(context, parameters);
  const redirect = readRedirectUri(client, parameters);
  let asked: Asked;
  let prompt: Prompt;
  try {
    assertMayAsk(client);
    asked = { ...readRequest(context, parameters), ...redirect };
    prompt = readPrompt(parameters);
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    return sendRequestError(context, reply, { ...redirect, state: readState(parameters) }, error);
  }
  const found = await context.sessions.find(request, reply);
  const session = found && acceptsSession(prompt, found, context.now()) ? found : undefined;
  if (session && !prompt.consent && (await hasAgreed(context, client, session.user, asked)))
    return goOn(context, reply, client, session, asked);
  if (prompt.none) return sendRequestError(context, reply, asked, mustAsk(session));
  const { handle, transaction } = await begin(context, {
    ...asked,
    step: 'consent',
    clientId: client.id,
    browserHash: context.browsers.ensure(request, reply),
    ...(session && { sessionHash: session.idHash }),
    ...(prompt.signIn && { chooseAccount: true }),
  });
  return sendConsentPage(context, reply, { client, transaction, handle, session });
}

/** Straight to the code: all of this was agreed to before. */
async function goOn(
  context: AuthContext,
  reply: FastifyReply,
  client: ClientRecord,
  { user }: SessionRecord,
  asked: Asked,
): Promise<FastifyReply> {
  await context.limiter.admit('authorizations');
  context.audit('consent_remembered', {
    client: client.id,
    clientName: client.metadata.client_name,
    ...{ user: user.id, userName: user.name },
    ...{ resources: asked.resources, scope: asked.scopes.join(' ') },
  });
  return issueCode(context, reply, client, user, asked);
}

function mustAsk(session: SessionRecord | undefined): OAuthError {
  return session === undefined
    ? new LoginRequiredError('The person has to sign in.')
    : new ConsentRequiredError('The person has to agree.');
}

/**
 * RFC 6749 §4.1.2.1: "If the request fails due to a missing, invalid, or mismatching redirection URI, or if the client
 * identifier is missing or invalid, the authorization server SHOULD inform the resource owner of the error and MUST NOT
 * automatically redirect the user-agent to the invalid redirection URI."
 */
async function findClient(context: AuthContext, parameters: Parameters): Promise<ClientRecord> {
  const client = await resolveClient(context, parameters.required('client_id'));
  if (client === undefined) {
    throw new InvalidClientError(
      'The application is not registered here, or its registration has ended. Remove the connection in the application and add it again.',
    );
  }
  return client;
}

/** RFC 6749 §4.1.2.1, `unauthorized_client`: not every client registers for this way. */
function assertMayAsk({ metadata }: ClientRecord): void {
  if (metadata.grant_types.includes('authorization_code')) return;
  throw new UnauthorizedClientError('The application did not register the grant type authorization_code.');
}

function readRedirectUri(
  client: ClientRecord,
  parameters: Parameters,
): Pick<TransactionRecord, 'redirectUri' | 'redirectUriGiven'> {
  const registered = client.metadata.redirect_uris;
  const redirectUri = readBounded(parameters, 'redirect_uri');
  if (redirectUri !== undefined) {
    if (isRegisteredRedirect(redirectUri, registered)) return { redirectUri, redirectUriGiven: true };
    throw new InvalidRequestError(
      'The application asks to send the answer to an address that it did not register.',
    );
  }
  const [only, ...others] = registered;
  // RFC 6749 §3.1.2.3: "If multiple redirection URIs have been registered […], the client MUST include a redirection URI".
  if (only === undefined || others.length > 0) throw new InvalidRequestError('redirect_uri is missing.');
  return { redirectUri: only, redirectUriGiven: false };
}

function readRequest(context: AuthContext, parameters: Parameters): Request {
  parameters.checkAll();
  const state = readBounded(parameters, 'state');
  if (parameters.required('response_type') !== 'code') {
    throw new UnsupportedResponseTypeError('response_type must be code.');
  }
  if ((parameters.one('response_mode') ?? 'query') !== 'query') {
    throw new InvalidRequestError('response_mode must be query.');
  }
  return {
    codeChallenge: readCodeChallenge(parameters),
    ...readAccess(context, parameters),
    ...(state !== undefined && { state }),
  };
}

/** OAuth 2.1 §4.1.1: "code_challenge: REQUIRED"; RFC 7636 §4.3 makes `plain` the default of the method, which we refuse. */
function readCodeChallenge(parameters: Parameters): string {
  const challenge = parameters.required('code_challenge');
  if (parameters.one('code_challenge_method') !== 'S256') {
    throw new InvalidRequestError('code_challenge_method must be S256.');
  }
  if (!isS256Challenge(challenge))
    throw new InvalidRequestError('code_challenge is not the S256 hash of a verifier.');
  return challenge;
}

/** Resources and scopes. Without `resource` they follow from the scopes; failing that, the person chooses. */
export function readAccess(
  { settings, resources }: AuthContext,
  parameters: Parameters,
): Pick<Request, 'scopes' | 'resources'> {
  const scopes = parseScope(readBounded(parameters, 'scope'), settings.topology.services);
  const named = parameters.many('resource').map((value) => resources.resolve(value));
  const implied = scopes
    .flatMap((scope) => serviceOfScope(scope) ?? [])
    .map((service) => resources.url(service));
  const urls = [...new Set(named.length > 0 ? named : implied)];
  if (urls.length === 0) return { scopes, resources: [] };
  return {
    scopes: fitScopes(
      scopes,
      urls.flatMap((url) => resources.service(url) ?? []),
    ),
    resources: urls,
  };
}

/** Anybody may open authorization requests, so what one of them takes up is bounded. */
function readBounded(parameters: Parameters, name: keyof typeof MAX_BYTES): string | undefined {
  const value = parameters.one(name);
  if (value !== undefined && Buffer.byteLength(value) > MAX_BYTES[name])
    throw new InvalidRequestError(`${name} is longer than ${MAX_BYTES[name]} bytes.`);
  return value;
}

/**
 * Anybody can register a client, and a faulty request for it must not lead from our address to theirs at once. RFC 9700
 * §4.11.2: the authorization server "SHOULD only automatically redirect the user agent if it trusts the redirect URI. If
 * the URI is not trusted, the authorization server MAY inform the user and rely on the user to make the correct
 * decision." A program on the person's own machine is no place to phish at, and it waits for the answer.
 */
function sendRequestError(
  context: AuthContext,
  reply: FastifyReply,
  target: ResponseTarget,
  error: OAuthError,
): FastifyReply {
  const returnUrl = errorResponse(context.issuer, target, error);
  if (!isWebRedirect(target.redirectUri))
    return reply.header('cache-control', 'no-store').redirect(returnUrl, 302);
  const page = context.pages.error({
    title: 'This did not work',
    message: error.hint,
    advice: `The request came from an application at ${redirectTarget(target.redirectUri)}. Go back there only if you know it.`,
    returnUrl,
    code: error.code,
  });
  return sendPage(reply, error.status, page);
}

/** The `state` of an error response; none where the request repeats it or puts control characters in. */
function readState(parameters: Parameters): string | undefined {
  try {
    return parameters.one('state');
  } catch {
    return undefined;
  }
}
