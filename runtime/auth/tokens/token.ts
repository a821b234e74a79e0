/**
 * The token endpoint, RFC 6749 §3.2 and §5. The steps that all grants share are here, so that no grant can forget one:
 * the client's authentication, the standing of client, person and grant, the limits of what was agreed, the minting.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ClientRecord, GrantRecord } from '../../store/store.ts';
import type { AuditEvent, AuditFields } from '../audit/audit.ts';
import type { AuthContext } from '../auth-context.ts';
import { isClientUrl } from '../clients/client-url.ts';
import { authenticate } from './caller.ts';
import {
  InvalidGrantError,
  InvalidScopeError,
  InvalidTargetError,
  UnauthorizedClientError,
  UnsupportedGrantTypeError,
} from '../errors.ts';
import { admitsBearer } from './bearer.ts';
import { usableServices } from '../policy.ts';
import { grantTypeOf } from './grants/index.ts';
import { readParameters, type Parameters } from '../parameters.ts';
import { makeRefreshToken } from './refresh-tokens.ts';
import { covers, OFFLINE_ACCESS, parseScope, scopesAt, serviceOfScope } from '../scopes.ts';
import { signAccessToken } from './tokens.ts';

/** For a code or token that is another client's: no more is told of it than of one that never was. */
const NOT_YOURS = 'The code or token is invalid, has expired or was revoked. Sign in again.';

/** What a token is for: all of the grant, or the part that the request names. */
export interface Access {
  scopes: string[];
  resources: string[];
}

/** What a grant type gets from this endpoint to work with. */
export interface TokenRequest {
  context: AuthContext;
  client: ClientRecord;
  /** The grant that `find` returned. Its standing is read meanwhile: an answer goes out only when it holds. */
  grant: GrantRecord;
  parameters: Parameters;
  /**
   * Signs an access token.
   *
   * @param generation the number of the refresh token that goes with it, to a client that registered for one; undefined: none
   * @returns the JSON of RFC 6749 §5.1
   */
  mint: (generation: number | undefined) => string;
  /** Where the grant's end moves to, milliseconds since the epoch. */
  expiresAtMs: number;
}

export interface Issued {
  /** RFC 6749 §5.1. */
  json: string;
  /** What the audit log says of it. */
  event: AuditEvent;
}

export interface GrantType {
  grantType: string;
  /** The request parameters that this grant reads, besides those of client authentication. */
  parameters: readonly string[];
  /**
   * The id of the stored grant that the request names, if it names one. Nothing is checked yet: the endpoint reads the
   * grant together with the client, in one turn to the store.
   */
  grantId?(parameters: Parameters): string | undefined;
  /**
   * @param named what the store has under `grantId`
   * @returns the grant to issue tokens for, stored or new; the endpoint checks that it is this client's
   * @throws OAuthError where there is none
   */
  find(
    context: AuthContext,
    client: ClientRecord,
    parameters: Parameters,
    named: GrantRecord | undefined,
  ): GrantRecord | Promise<GrantRecord>;
  handler(request: TokenRequest): Promise<Issued>;
}

export async function token(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const parameters = readParameters(request.body);
  const reading = readNamedGrant(context, parameters);
  const client = await authenticate(context, request, parameters);
  const type = findGrantType(context, parameters, client);
  // RFC 6749 §3.2: parameters "MUST NOT be included more than once"; reading them all finds those that are.
  for (const name of type.parameters) if (name !== 'resource') parameters.one(name);
  const named = await reading;
  const grant = await findGrant(context, type, client, parameters, named);
  await context.limiter.admit('tokens', { grant: named?.id ?? grant.user.id });
  const access = narrow(context, grant, parameters);
  const mayRefresh = client.metadata.grant_types.includes('refresh_token');
  const [issued] = await Promise.all([
    type.handler({
      context,
      client,
      grant,
      parameters,
      mint: (generation) => mint(context, grant, access, mayRefresh ? generation : undefined),
      expiresAtMs: grantEnd(context, mayRefresh),
    }),
    assertStanding(context, grant),
  ]);
  const { scopes, resources } = access;
  context.metrics.issued(type.grantType);
  context.audit(issued.event, {
    ...grantFields(grant),
    ...{ scope: scopes.join(' '), resources, grantType: type.grantType },
  });
  // RFC 6749 §5.1: "The authorization server MUST include the HTTP 'Cache-Control' response header field […] with a
  // value of 'no-store' in any response containing tokens".
  return reply
    .header('content-type', 'application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(issued.json);
}

/** Begins before the client is known. Where that fails, nobody asks for what this found. */
function readNamedGrant(
  { store, settings }: AuthContext,
  parameters: Parameters,
): Promise<GrantRecord | undefined> {
  const id = grantTypeOf(settings, parameters.one('grant_type') ?? '')?.grantId?.(parameters);
  const reading = id === undefined ? Promise.resolve(undefined) : store.getGrant(id);
  reading.catch(() => undefined);
  return reading;
}

/** What is no code or refresh token, or one that opens nothing to this client, counts against the client, at the address that it calls from. */
async function findGrant(
  context: AuthContext,
  type: GrantType,
  client: ClientRecord,
  parameters: Parameters,
  named: GrantRecord | undefined,
): Promise<GrantRecord> {
  try {
    const grant = await type.find(context, client, parameters, named);
    assertAdmitted(context, grant, client);
    return grant;
  } catch (error) {
    if (error instanceof InvalidGrantError) await context.limiter.admit('failures', { client: client.id });
    throw error;
  }
}

function findGrantType({ settings }: AuthContext, parameters: Parameters, client: ClientRecord): GrantType {
  const name = parameters.required('grant_type');
  const type = grantTypeOf(settings, name);
  if (type === undefined) throw new UnsupportedGrantTypeError('This grant type is not supported.');
  if (!client.metadata.grant_types.includes(name)) {
    throw new UnauthorizedClientError('The client did not register this grant type.');
  }
  return type;
}

/** Who may be issued tokens is checked each time (security invariants 3 and 7). */
function assertAdmitted(context: AuthContext, grant: GrantRecord, client: ClientRecord): void {
  // RFC 6749 §5.2, `invalid_grant`: "or was issued to another client".
  if (grant.clientId !== client.id) throw new InvalidGrantError(NOT_YOURS, 'grant of another client');
  if (!admitsBearer(context, { ...grant.user, clientId: client.id, grantId: grant.id }))
    throw new InvalidGrantError('The person is no longer allowed in.');
  if (usableServices(context, grant.user, client.id, grant.resources).length === 0)
    throw new InvalidGrantError('The person may no longer use what this access is for.');
}

/** The grant and a registered client were read just now; what is left is the person, and the client that is a URL. */
async function assertStanding({ store }: AuthContext, grant: GrantRecord): Promise<void> {
  const { clientId, user, revoked, createdAtMs } = grant;
  const ends = await Promise.all([
    store.userRevokedAt(user.id),
    isClientUrl(clientId) ? store.clientRevokedAt(clientId) : undefined,
  ]);
  if (revoked || ends.some((endedAtMs) => endedAtMs !== undefined && createdAtMs < endedAtMs))
    throw new InvalidGrantError('This access was ended. Sign in again.');
}

/** Who and what a grant is about, for the audit log. */
export function grantFields({ id, clientId, user }: GrantRecord): AuditFields {
  return { client: clientId, user: user.id, userName: user.name, grant: id };
}

/**
 * RFC 6749 §6: "The requested scope MUST NOT include any scope not originally granted by the resource owner, and if
 * omitted is treated as equal to the scope originally granted". RFC 8707 §2.2 says the same of `resource`.
 */
function narrow({ settings, resources }: AuthContext, grant: GrantRecord, parameters: Parameters): Access {
  const named = [...new Set(parameters.many('resource').map((value) => resources.resolve(value)))];
  if (named.some((url) => !grant.resources.includes(url))) {
    throw new InvalidTargetError('The resource is not among those that the person agreed to.');
  }
  const asked = parseScope(parameters.one('scope'), settings.topology.services).filter(
    (scope) => scope !== OFFLINE_ACCESS || grant.scopes.includes(scope),
  );
  if (!asked.every((scope) => isGranted(scope, grant.scopes))) {
    throw new InvalidScopeError('The scope goes beyond what the person agreed to.');
  }
  const scopes = asked.some((scope) => scope !== OFFLINE_ACCESS) ? asked : grant.scopes;
  if (named.length === 0) return { resources: grant.resources, scopes };
  return {
    resources: named,
    scopes: adaptScopes(
      scopes,
      named.flatMap((url) => resources.service(url) ?? []),
    ),
  };
}

/**
 * RFC 8707 §2.2: "the authorization server should adapt the scope value associated with an access token to the value the
 * respective resource is able to process and needs to know". Where that leaves nothing, what a client needs is not this
 * grant but another authorization.
 */
function adaptScopes(scopes: readonly string[], services: readonly string[]): string[] {
  const adapted = scopesAt(scopes, services);
  if (services.some((service) => covers(adapted, service))) return adapted;
  throw new InvalidScopeError('The person agreed to nothing at this resource. Ask them with its scope.');
}

function isGranted(scope: string, granted: readonly string[]): boolean {
  const service = serviceOfScope(scope);
  return granted.includes(scope) || (service !== undefined && covers(granted, service));
}

function mint(
  context: AuthContext,
  grant: GrantRecord,
  access: Access,
  generation: number | undefined,
): string {
  const { keys, settings, issuer, refreshKey, now } = context;
  keys.refresh();
  const lifetimeSeconds = settings.accessTokenLifetimeSeconds;
  const { id: grantId, user, clientId } = grant;
  return JSON.stringify({
    access_token: signAccessToken(
      { issuer, user, clientId, grantId, ...access, nowMs: now(), lifetimeSeconds },
      keys.signing(),
    ),
    token_type: 'Bearer',
    expires_in: lifetimeSeconds,
    scope: access.scopes.join(' '),
    ...(generation !== undefined && { refresh_token: makeRefreshToken(grant, generation, refreshKey) }),
  });
}

/** A grant lasts as long as the longest-lived thing that it issued. */
function grantEnd({ settings, now }: AuthContext, mayRefresh: boolean): number {
  const { accessTokenLifetimeSeconds, refreshTokenLifetimeSeconds } = settings;
  const seconds = mayRefresh
    ? Math.max(accessTokenLifetimeSeconds, refreshTokenLifetimeSeconds)
    : accessTokenLifetimeSeconds;
  return now() + seconds * 1000;
}
