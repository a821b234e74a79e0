/**
 * Token introspection, RFC 7662. Whoever asks learns of their own tokens alone, and of all others that they are not
 * active, be they unknown, ended or somebody else's. §2.2: "If the introspection call is properly authorized but the
 * token is not active, does not exist on this server, or the protected resource is not allowed to introspect this
 * particular token, then the authorization server MUST return an introspection response with the 'active' field set to
 * 'false'. […] the authorization server SHOULD NOT include any additional information".
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ClientRecord, User } from '../../store/store.ts';
import { isHealthCaller } from '../admin/health-caller.ts';
import type { AuthContext } from '../auth-context.ts';
import { InvalidClientError } from '../errors.ts';
import { readParameters } from '../parameters.ts';
import { usableServices } from '../policy.ts';
import { covers, serviceScope } from '../scopes.ts';
import { authenticate, authenticateResourceServer, type ResourceServer } from './caller.ts';
import { findToken, type FoundToken } from './find-token.ts';
import { admitsBearer } from './bearer.ts';
import type { AccessTokenClaims } from './tokens.ts';

/** RFC 7662 §2.2. */
type Introspection = { active: false } | ({ active: true } & Record<string, unknown>);

const INACTIVE: Introspection = { active: false };

/** `POST /introspect`. */
export async function introspect(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const parameters = readParameters(request.body);
  const server = await authenticateResourceServer(context, request);
  const client = server === undefined ? await authenticate(context, request, parameters) : undefined;
  // A public client's id is no secret, so naming it authorizes nobody.
  if (client?.metadata.token_endpoint_auth_method === 'none') {
    context.audit('introspection_refused', { client: client.id, reason: 'a public client' });
    throw new InvalidClientError('Only a client that authenticates may ask about tokens.');
  }
  const value = parameters.required('token');
  parameters.one('token_type_hint');
  await context.limiter.admit('introspections', { client: client?.id ?? server?.service });
  const found = await findToken(context, value);
  const answer = found === undefined ? INACTIVE : await describe(context, found, client ?? server);
  return reply.header('cache-control', 'no-store').send(answer);
}

async function describe(
  context: AuthContext,
  found: FoundToken,
  caller: ClientRecord | ResourceServer | undefined,
): Promise<Introspection> {
  if (caller === undefined || !mayKnow(found, caller)) return INACTIVE;
  const user = found.kind === 'access' ? userOf(found.claims) : found.grant.user;
  const { grantAlive, clientAlive, userAlive } = await context.store.standing(
    found.grantId,
    found.clientId,
    user.id,
  );
  if (!grantAlive || !clientAlive || !userAlive) return INACTIVE;
  if (!admitsBearer(context, { ...user, clientId: found.clientId, grantId: found.grantId })) return INACTIVE;
  if (!isOfUse(context, found, user, caller)) return INACTIVE;
  return found.kind === 'access' ? describeAccess(context, found, caller) : describeRefresh(context, found);
}

function mayKnow(found: FoundToken, caller: ClientRecord | ResourceServer): boolean {
  if ('metadata' in caller) return found.clientId === caller.id;
  return found.kind === 'access' && audienceOf(found.claims).includes(caller.resource);
}

/** A token that the policy lets its person use nowhere is not active: nowhere at all for a client, not here for a service. */
function isOfUse(
  context: AuthContext,
  found: FoundToken,
  user: Pick<User, 'id' | 'name' | 'groups'>,
  caller: ClientRecord | ResourceServer,
): boolean {
  if (found.kind === 'access' && isHealthCaller(found.claims)) return true;
  const own = found.kind === 'access' ? audienceOf(found.claims) : found.grant.resources;
  const urls = 'metadata' in caller ? own : [caller.resource];
  return usableServices(context, user, found.clientId, urls).length > 0;
}

function describeAccess(
  { now }: AuthContext,
  { claims }: FoundToken & { kind: 'access' },
  caller: ClientRecord | ResourceServer,
): Introspection {
  if (claims.exp * 1000 <= now()) return INACTIVE;
  const { iss, sub, client_id, iat, exp, jti, name: username } = claims;
  const own = 'metadata' in caller ? { scope: claims.scope, aud: claims.aud } : ownPart(claims.scope, caller);
  return { active: true, ...own, client_id, username, token_type: 'Bearer', exp, iat, sub, iss, jti };
}

/**
 * RFC 7662 §2.2: "an authorization server MAY limit which scopes from a given token are returned for each protected
 * resource to prevent a protected resource from learning more about the larger network than is necessary".
 */
function ownPart(scope: string, { service, resource }: ResourceServer): { scope: string; aud: string } {
  return { scope: covers(scope.split(' '), service) ? serviceScope(service) : '', aud: resource };
}

/** Only the current one of a family is active: an older one is at best answered again, never with anything new. */
function describeRefresh(
  { issuer: iss }: AuthContext,
  { grant, token }: FoundToken & { kind: 'refresh' },
): Introspection {
  if (token.generation !== grant.generation) return INACTIVE;
  const { clientId: client_id, user, scopes, expiresAtMs } = grant;
  const exp = Math.floor(expiresAtMs / 1000);
  return { active: true, scope: scopes.join(' '), client_id, username: user.name, exp, sub: user.id, iss };
}

function userOf({ sub, name, groups = [] }: AccessTokenClaims): Pick<User, 'id' | 'name' | 'groups'> {
  return { id: sub, name, groups };
}

function audienceOf({ aud }: { aud: string | string[] }): string[] {
  return typeof aud === 'string' ? [aud] : aud;
}
