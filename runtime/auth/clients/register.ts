/**
 * The client registration endpoint, RFC 7591 §3. Open to anybody, unless the operator set `REGISTRATION_TOKEN`: then it
 * takes that as the initial access token of §3.
 */
import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomToken } from '../../config/secrets.ts';
import type { ClientRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { BearerRequiredError, isBearer, readBearer } from '../bearer.ts';
import { sha256 } from '../hashing.ts';
import { usesSecret } from './auth-methods.ts';
import { readMetadata } from './metadata.ts';
import { newRegistrationEnd, operatorsRegistrationEnd, toldEnd } from './registration-end.ts';

/** What the client is told once and nobody can read again. */
export interface Credentials {
  secret?: string;
  registrationToken: string;
}

export async function register(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  await assertInitialAccess(context, request.headers.authorization);
  const answer = await registerClient(context, request.body);
  // RFC 7591 §3.2.1: HTTP 201; RFC 6749 §5.1 for the caching of credentials.
  return reply.code(201).header('cache-control', 'no-store').send(answer);
}

/**
 * @param body as parsed from JSON
 * @param byOperator whether the operator asks, through the admin API: no limit applies, and no sign-in is waited for
 * @returns the client information response of RFC 7591 §3.2.1 and RFC 7592 §3
 * @throws InvalidClientMetadataError, InvalidRedirectUriError, TooManyRequestsError, StoreUnavailableError
 */
export async function registerClient(
  context: AuthContext,
  body: unknown,
  byOperator = false,
): Promise<Record<string, unknown>> {
  const { settings, store, limiter, audit, now } = context;
  const metadata = readMetadata(body, settings, byOperator);
  if (!byOperator) {
    await limiter.admit('registrations');
    await limiter.admit('unusedClients');
  }
  const issuedAtMs = Math.floor(now() / 1000) * 1000;
  const credentials = newCredentials(usesSecret(metadata.token_endpoint_auth_method));
  const end = byOperator ? operatorsRegistrationEnd : newRegistrationEnd;
  const client: ClientRecord = {
    // Hexadecimal: base64url may begin with `-`, which a command line takes for an option.
    id: randomBytes(16).toString('hex'),
    metadata,
    registrationTokenHash: sha256(credentials.registrationToken),
    issuedAtMs,
    ...(credentials.secret !== undefined && { secretHash: sha256(credentials.secret) }),
    ...end(issuedAtMs, settings.clientLifetimeSeconds),
    ...(byOperator && { byOperator }),
  };
  await store.putClient(client);
  audit('client_registered', { client: client.id, clientName: metadata.client_name });
  return clientInformation(context, client, credentials);
}

/**
 * RFC 7591 §3.2.1 and RFC 7592 §3. `client_secret_expires_at` is "REQUIRED if 'client_secret' is issued", 0 where it does
 * not expire; it stands beside a secret that only its hash is known of, too.
 */
export function clientInformation(
  { issuer }: AuthContext,
  client: ClientRecord,
  { secret, registrationToken }: Credentials,
): Record<string, unknown> {
  return {
    client_id: client.id,
    client_id_issued_at: client.issuedAtMs / 1000,
    ...(secret !== undefined && { client_secret: secret }),
    ...(client.secretHash !== undefined && { client_secret_expires_at: (toldEnd(client) ?? 0) / 1000 }),
    registration_access_token: registrationToken,
    registration_client_uri: `${issuer}/register/${client.id}`,
    ...client.metadata,
  };
}

function newCredentials(withSecret: boolean): Credentials {
  return { registrationToken: randomToken(), ...(withSecret && { secret: randomToken() }) };
}

/** RFC 7591 §3: "the initial access token […] MUST be […] using the OAuth 2.0 bearer token" methods. */
async function assertInitialAccess(
  { settings, limiter }: AuthContext,
  authorization: string | undefined,
): Promise<void> {
  if (settings.registrationToken === undefined) return;
  limiter.assertOpen('failures');
  const token = readBearer(authorization);
  if (isBearer(token, sha256(settings.registrationToken))) return;
  if (token !== undefined) await limiter.admit('failures');
  throw new BearerRequiredError(
    'Registering here needs the initial access token of the operator, as a bearer token.',
    token !== undefined,
  );
}
