/**
 * Who asks about a token: a client, as it registered, or the resource server that the token is for (security invariant
 * 8). RFC 7662 §2.1: "To prevent token scanning attacks, the endpoint MUST also require some form of authorization to
 * access this endpoint".
 */
import type { FastifyRequest } from 'fastify';
import { deriveKey } from '../../config/secrets.ts';
import { resourceSecret } from '../../config/resource-secret.ts';
import type { ClientRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { authenticateClient, claimedClient, readBasic } from '../clients/client-auth.ts';
import { InvalidClientError } from '../errors.ts';
import { equalsInConstantTime, sha256 } from '../hashing.ts';
import type { Parameters } from '../parameters.ts';

export interface ResourceServer {
  service: string;
  /** Its exact resource URL. */
  resource: string;
}

/**
 * Authenticates the client as it registered, and writes down where that failed.
 *
 * @throws InvalidClientError, InvalidRequestError, StoreUnavailableError
 */
export async function authenticate(
  context: AuthContext,
  request: FastifyRequest,
  parameters: Parameters,
): Promise<ClientRecord> {
  const { audit, limiter } = context;
  const { authorization } = request.headers;
  const client = claimedClient(authorization, parameters);
  limiter.assertOpen('failures', { client });
  try {
    return await authenticateClient(context, authorization, parameters);
  } catch (error) {
    if (!(error instanceof InvalidClientError)) throw error;
    audit('client_refused', { reason: error.hint });
    await limiter.admit('failures', { client });
    throw error;
  }
}

/**
 * A resource server uses HTTP Basic authentication: its user is the service's name or its resource URL, its password is
 * `resourceSecret` of the service.
 *
 * @returns undefined where the request does not name one, which a client may have sent
 * @throws InvalidClientError for a wrong password, TooManyRequestsError after too many of them
 */
export async function authenticateResourceServer(
  context: AuthContext,
  request: FastifyRequest,
): Promise<ResourceServer | undefined> {
  const { settings, resources, audit, limiter } = context;
  const { service, secret } = namedService(context, request.headers.authorization);
  if (service === undefined) return undefined;
  limiter.assertOpen('failures', { client: service });
  const expected = resourceSecret(deriveKey(settings.rootSecret, `context:${service}`));
  if (!equalsInConstantTime(sha256(secret), sha256(expected))) {
    audit('client_refused', { service, reason: 'wrong secret of a resource server' });
    await limiter.admit('failures', { client: service });
    throw new InvalidClientError('The secret of the resource server is wrong.');
  }
  return { service, resource: resources.url(service) };
}

/** A header that cannot be read names none: the authentication of clients refuses it, and counts it. */
function namedService(
  { settings, resources }: AuthContext,
  authorization: string | undefined,
): { service: string | undefined; secret: string } {
  const none = { service: undefined, secret: '' };
  if (authorization === undefined || !/^Basic /i.test(authorization)) return none;
  try {
    const { clientId: name, secret = '' } = readBasic(authorization);
    return {
      service: settings.topology.services.includes(name) ? name : resources.service(name),
      secret,
    };
  } catch {
    return none;
  }
}
