/**
 * Client authentication at the token endpoint: RFC 6749 §2.3 and §3.2.1, "Confidential clients or other clients issued
 * client credentials MUST authenticate with the authorization server" (security invariant 8).
 */
import type { ClientRecord, Store } from '../../store/store.ts';
import { InvalidClientError, InvalidRequestError } from '../errors.ts';
import { equalsInConstantTime, sha256 } from '../hashing.ts';
import type { Parameters } from '../parameters.ts';

interface Credentials {
  clientId: string;
  secret?: string | undefined;
}

/**
 * @param authorization the request's `Authorization` header
 * @returns the client, authenticated as it registered
 * @throws InvalidClientError, InvalidRequestError, StoreUnavailableError
 */
export async function authenticateClient(
  store: Store,
  authorization: string | undefined,
  parameters: Parameters,
): Promise<ClientRecord> {
  const { clientId, secret } = readCredentials(authorization, parameters);
  const client = await store.getClient(clientId);
  if (client === undefined) {
    throw new InvalidClientError(
      'This client is not registered here, or its registration has ended. Register again.',
    );
  }
  if (client.metadata.token_endpoint_auth_method === 'none') {
    if (secret !== undefined)
      throw new InvalidClientError('This client registered without a secret and sent one.');
    return client;
  }
  // Whether the secret comes in the header or in the body is the client's choice, as most servers have it.
  if (secret === undefined || client.secretHash === undefined) {
    throw new InvalidClientError('This client must authenticate with its secret.');
  }
  if (!equalsInConstantTime(sha256(secret), client.secretHash)) {
    throw new InvalidClientError('The client secret is wrong.');
  }
  return client;
}

function readCredentials(authorization: string | undefined, parameters: Parameters): Credentials {
  const bodyId = parameters.one('client_id');
  const bodySecret = parameters.one('client_secret');
  if (
    parameters.one('client_assertion') !== undefined ||
    parameters.one('client_assertion_type') !== undefined
  ) {
    throw new InvalidClientError('Client assertions are not supported; authenticate with the secret.');
  }
  if (authorization === undefined) {
    if (bodyId === undefined) throw new InvalidClientError('The client is not named: client_id is missing.');
    return { clientId: bodyId, secret: bodySecret };
  }
  // RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request."
  if (bodySecret !== undefined) {
    throw new InvalidRequestError(
      'The client authenticates twice: in the Authorization header and in the body.',
    );
  }
  const basic = readBasic(authorization);
  if (bodyId !== undefined && bodyId !== basic.clientId) {
    throw new InvalidRequestError('client_id differs between the Authorization header and the body.');
  }
  return basic;
}

/**
 * RFC 6749 §2.3.1: "The client identifier is encoded using the 'application/x-www-form-urlencoded' encoding algorithm
 * […], and the encoded value is used as the username; the client password is encoded using the same algorithm and used
 * as the password." Clients that skip the encoding read the same, because ours consist of unreserved characters.
 */
export function readBasic(authorization: string): Required<Credentials> {
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
