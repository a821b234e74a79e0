/**
 * The client configuration endpoint, RFC 7592: a client reads, replaces and ends its own registration with the
 * registration access token that it got, of which only the hash is kept.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomToken } from '../../config/secrets.ts';
import type { ClientRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { BearerRequiredError, isBearer, readBearer } from '../bearer.ts';
import { AccessDeniedError, InvalidClientMetadataError } from '../errors.ts';
import { equalsInConstantTime, sha256 } from '../hashing.ts';
import { usesSecret } from './auth-methods.ts';
import { changeClient } from './change-client.ts';
import { readMetadata } from './metadata.ts';
import { clientInformation } from './register.ts';

export interface ById {
  Params: { id: string };
}

type Request = FastifyRequest<ById>;

/** What RFC 7592 §2.2 says that an update "MUST NOT include". */
const FORBIDDEN = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
];

/** `GET`, RFC 7592 §2.1. The secret is not in it: nobody can read it again. */
export async function readRegistration(
  context: AuthContext,
  request: Request,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { client, registrationToken } = await authorizeManagement(context, request);
  return send(reply, clientInformation(context, client, { registrationToken }));
}

/** `PUT`, RFC 7592 §2.2: replaces the metadata; what is left out is as if it had never been registered. */
export async function updateRegistration(
  context: AuthContext,
  request: Request,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { settings, store, limiter, audit } = context;
  const { client, registrationToken } = await authorizeManagement(context, request);
  assertMayUpdate(client);
  await limiter.admit('registrations');
  const newSecret = randomToken();
  const updated = await changeClient(store, client, (current) => {
    assertUpdate(current, request.body);
    const { secretHash = sha256(newSecret), ...rest } = current;
    const metadata = readMetadata(request.body, settings);
    return { ...rest, metadata, ...(usesSecret(metadata.token_endpoint_auth_method) && { secretHash }) };
  });
  if (updated === undefined) throw refusal(true);
  audit('client_updated', { client: client.id, clientName: updated.metadata.client_name });
  const secret = updated.secretHash === sha256(newSecret) ? newSecret : undefined;
  const credentials = { registrationToken, ...(secret !== undefined && { secret }) };
  return send(reply, clientInformation(context, updated, credentials));
}

/** `DELETE`, RFC 7592 §2.3: ends the client and every token of its grants. */
export async function deleteRegistration(
  context: AuthContext,
  request: Request,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { client } = await authorizeManagement(context, request);
  if (!(await context.store.deleteClient(client.id))) throw refusal(true);
  context.audit('client_deleted', { client: client.id, clientName: client.metadata.client_name });
  return reply.code(204).header('cache-control', 'no-store').send();
}

/**
 * RFC 7592 §2.1: "If the client does not exist on this server, the server MUST respond with HTTP 401 Unauthorized";
 * so does a wrong token, with the same words, and nobody learns which ids there are.
 */
async function authorizeManagement(
  { store, limiter, audit }: AuthContext,
  request: Request,
): Promise<{ client: ClientRecord; registrationToken: string }> {
  const { id } = request.params;
  const registrationToken = readBearer(request.headers.authorization);
  if (registrationToken === undefined) throw refusal(false);
  limiter.assertOpen('failures', { client: id });
  const client = await store.getClient(id);
  const known = isBearer(registrationToken, client?.registrationTokenHash ?? sha256(''));
  if (client !== undefined && known) return { client, registrationToken };
  if (client !== undefined)
    audit('client_refused', { client: id, reason: 'wrong registration access token' });
  await limiter.admit('failures', { client: id });
  throw refusal(true);
}

function refusal(given: boolean): BearerRequiredError {
  return new BearerRequiredError(
    'The registration access token is missing, wrong, or of a registration that has ended.',
    given,
  );
}

/**
 * RFC 7592 §2.2: "If the client is not allowed to update its records, the server MUST respond with HTTP 403 Forbidden."
 * What the operator registered says what a script may use (its scope), and by what name the policy knows it.
 */
function assertMayUpdate({ byOperator }: ClientRecord): void {
  if (byOperator !== true) return;
  throw new AccessDeniedError(
    'The operator registered this client; ask them to delete it and register another.',
  );
}

/**
 * RFC 7592 §2.2: the client "MUST include its 'client_id' field in the request, and it MUST be the same as its
 * currently issued client identifier"; a `client_secret` "MUST match the currently issued client secret", because "The
 * client MUST NOT be allowed to overwrite its existing client secret with its own chosen value."
 */
function assertUpdate(client: ClientRecord, body: unknown): void {
  const members = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  if (members['client_id'] !== client.id)
    throw new InvalidClientMetadataError('client_id must be there and be the one of this registration.');
  const forbidden = FORBIDDEN.find((member) => member in members);
  if (forbidden !== undefined)
    throw new InvalidClientMetadataError(`${forbidden} must not be in an update; the server decides it.`);
  const secret = members['client_secret'];
  if (secret === undefined) return;
  if (typeof secret !== 'string' || !equalsInConstantTime(sha256(secret), client.secretHash ?? ''))
    throw new InvalidClientMetadataError('client_secret is not the one of this registration. Leave it out.');
}

function send(reply: FastifyReply, answer: Record<string, unknown>): FastifyReply {
  return reply.header('cache-control', 'no-store').send(answer);
}
