/**
 * Client authentication, at the token endpoint and wherever else a client authenticates: RFC 6749 §2.3 and §3.2.1,
 * "Confidential clients or other clients issued client credentials MUST authenticate with the authorization server"
 * (security invariant 8).
 */
import type { ClientRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { InvalidClientError, InvalidRequestError } from '../errors.ts';
import { equalsInConstantTime, sha256 } from '../hashing.ts';
import type { Parameters } from '../parameters.ts';
import { JWT_BEARER, subjectOfAssertion, verifyAssertion } from './client-assertion.ts';
import { resolveClient } from './resolve-client.ts';

interface Credentials {
  clientId: string;
  secret?: string | undefined;
  assertion?: string | undefined;
}

/**
 * @param authorization the request's `Authorization` header
 * @returns the client, authenticated as it registered. A client assertion is used up by this.
 * @throws InvalidClientError, InvalidRequestError, TemporarilyUnavailableError, StoreUnavailableError
 */
export async function authenticateClient(
  context: AuthContext,
  authorization: string | undefined,
  parameters: Parameters,
): Promise<ClientRecord> {
  const { clientId, secret, assertion } = readCredentials(authorization, parameters);
  const client = await resolveClient(context, clientId);
  if (client === undefined) {
    throw new InvalidClientError(
      'This client is not registered here, or its registration has ended. Register again.',
    );
  }
  switch (client.metadata.token_endpoint_auth_method) {
    case 'none':
      if (secret !== undefined || assertion !== undefined)
        throw new InvalidClientError('This client registered without credentials and sent some.');
      return client;
    case 'private_key_jwt':
      if (assertion === undefined)
        throw new InvalidClientError('This client must authenticate with a signed assertion.');
      await verifyAssertion(context, client, assertion);
      return client;
    default:
      assertSecret(client, secret);
      return client;
  }
}

/**
 * @returns whom a request says that it is from, before anything of it is proven; undefined where that cannot be read
 * @throws InvalidRequestError for a parameter that is repeated
 */
export function claimedClient(authorization: string | undefined, parameters: Parameters): string | undefined {
  const named = parameters.one('client_id');
  const assertion = parameters.one('client_assertion');
  if (named !== undefined || (authorization === undefined && assertion === undefined)) return named;
  try {
    return assertion === undefined ? readBasic(authorization ?? '').clientId : subjectOfAssertion(assertion);
  } catch {
    return undefined;
  }
}

/** Whether the secret comes in the header or in the body is the client's choice, as most servers have it. */
function assertSecret({ secretHash }: ClientRecord, secret: string | undefined): void {
  if (secret === undefined || secretHash === undefined)
    throw new InvalidClientError('This client must authenticate with its secret.');
  if (!equalsInConstantTime(sha256(secret), secretHash))
    throw new InvalidClientError('The client secret is wrong.');
}

function readCredentials(authorization: string | undefined, parameters: Parameters): Credentials {
  const bodyId = parameters.one('client_id');
  const bodySecret = parameters.one('client_secret');
  const assertion = readAssertion(parameters);
  if (assertion !== undefined) {
    assertOneMethod(authorization === undefined && bodySecret === undefined);
    const subject = subjectOfAssertion(assertion);
    // RFC 7521 §4.2: if `client_id` is present, it "MUST identify the same client as is identified by the client assertion".
    if (bodyId !== undefined && bodyId !== subject)
      throw new InvalidClientError('client_id is not the client that the assertion is of.');
    return { clientId: subject, assertion };
  }
  if (authorization === undefined) {
    if (bodyId === undefined) throw new InvalidClientError('The client is not named: client_id is missing.');
    return { clientId: bodyId, secret: bodySecret };
  }
  assertOneMethod(bodySecret === undefined);
  const basic = readBasic(authorization);
  if (bodyId !== undefined && bodyId !== basic.clientId) {
    throw new InvalidRequestError('client_id differs between the Authorization header and the body.');
  }
  return basic;
}

/** RFC 7521 §4.2: both parameters are REQUIRED, the type being an absolute URI; RFC 7523 §2.2 has the only one here. */
function readAssertion(parameters: Parameters): string | undefined {
  const assertion = parameters.one('client_assertion');
  const type = parameters.one('client_assertion_type');
  if (assertion === undefined && type === undefined) return undefined;
  if (assertion === undefined || type !== JWT_BEARER)
    throw new InvalidClientError(
      `A client assertion needs client_assertion and client_assertion_type, which must be ${JWT_BEARER}.`,
    );
  return assertion;
}

/** RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request." */
function assertOneMethod(one: boolean): void {
  if (one) return;
  throw new InvalidRequestError(
    'The client authenticates twice: of the Authorization header, client_secret and client_assertion use one.',
  );
}

/**
 * RFC 6749 §2.3.1: "The client identifier is encoded using the 'application/x-www-form-urlencoded' encoding algorithm
 * […], and the encoded value is used as the username; the client password is encoded using the same algorithm and used
 * as the password." Clients that skip the encoding read the same, because ours consist of unreserved characters.
 */
export function readBasic(authorization: string): { clientId: string; secret: string | undefined } {
  const [, encoded] = /^Basic +([A-Za-z0-9+/\-_]+={0,2})$/i.exec(authorization) ?? [];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1)
    throw new InvalidClientError('The Authorization header is not that of HTTP Basic authentication.');
  return {
    clientId: formDecode(text.slice(0, colon)),
    secret: formDecode(text.slice(colon + 1)) || undefined,
  };
}

function formDecode(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    throw new InvalidClientError('The client credentials are not form-encoded.');
  }
}
