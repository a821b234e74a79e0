/**
 * Dynamic client registration, RFC 7591. Lenient where the RFC lets it be, because one refusal ends a client: §3.2.1 "The
 * authorization server MAY reject or replace any of the client's requested metadata values […] and substitute them with
 * suitable values."
 */
import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { randomToken } from '../../config/secrets.ts';
import type { ClientMetadata, ClientRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { CLIENT_AUTH_METHODS } from './client-auth.ts';
import { InvalidClientMetadataError, InvalidRedirectUriError } from '../errors.ts';
import { GRANT_TYPES } from '../tokens/grants/index.ts';
import { sha256 } from '../hashing.ts';
import { MAX_URI_LENGTH, redirectUriProblem } from './redirect-uri.ts';
import { newRegistrationEnd, toldEnd } from './registration-end.ts';
import { OFFLINE_ACCESS, parseScope, serviceScope } from '../scopes.ts';
import type { AuthSettings } from '../settings.ts';

/** No client has more redirect URIs. */
const MAX_REDIRECT_URIS = 16;

/** No registration is larger as it is stored, in bytes of JSON. Those of the clients that people use are below 1 kB. */
const MAX_METADATA_BYTES = 8 * 1024;

/** Text that is shown to people or kept for the operator; whatever cannot be is left out. */
const text = z
  .string()
  .transform((value) => value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '').trim())
  .pipe(z.string().min(1).max(200))
  .optional()
  .catch(undefined);

/** A web page; one that no browser should open is left out. */
const webPage = z
  .string()
  .max(MAX_URI_LENGTH)
  .refine((value) => URL.canParse(value) && ['https:', 'http:'].includes(new URL(value).protocol))
  .optional()
  .catch(undefined);

/** Names that the protocol gives; unknown ones are left out. */
const names = z.array(z.string().max(200)).max(20);

const requestSchema = z.object({
  redirect_uris: z.array(z.string()).min(1).max(MAX_REDIRECT_URIS),
  // RFC 7591 §2: "If unspecified or omitted, the default is 'client_secret_basic'".
  token_endpoint_auth_method: z.enum(CLIENT_AUTH_METHODS).default('client_secret_basic'),
  // RFC 7591 §2: "If omitted, the default behavior is that the client will use only the 'authorization_code' Grant Type."
  grant_types: names.default(['authorization_code']),
  response_types: names.default(['code']),
  scope: z.string().max(4096).optional(),
  client_name: text,
  client_uri: webPage,
  logo_uri: webPage,
  tos_uri: webPage,
  policy_uri: webPage,
  contacts: z.array(z.string().max(200)).max(10).optional().catch(undefined),
  software_id: text,
  software_version: text,
  application_type: text,
});

export async function register(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { settings, store, limiter, audit, now } = context;
  const metadata = readMetadata(request.body, settings);
  limiter.admit('registrations');
  const { client, secret } = createClient(metadata, settings.clientLifetimeSeconds, now());
  await store.putClient(client);
  audit('client_registered', { client: client.id, clientName: metadata.client_name });
  // RFC 7591 §3.2.1: HTTP 201; RFC 6749 §5.1 for the caching of credentials.
  return reply.code(201).header('cache-control', 'no-store').send(registrationAnswer(client, secret));
}

/**
 * @param body as parsed from JSON
 * @throws InvalidClientMetadataError, InvalidRedirectUriError
 */
export function readMetadata(body: unknown, settings: AuthSettings): ClientMetadata {
  const parsed = requestSchema.safeParse(body);
  if (!parsed.success) throw metadataFault(parsed.error);
  const { redirect_uris, scope, grant_types, response_types, ...rest } = parsed.data;
  for (const uri of redirect_uris) {
    const problem = redirectUriProblem(uri, settings.privateUseRedirects);
    if (problem !== undefined) throw new InvalidRedirectUriError(problem);
  }
  const grants = grant_types.filter((type) => GRANT_TYPES.has(type));
  if (!grants.includes('authorization_code')) {
    throw new InvalidClientMetadataError('grant_types must include authorization_code.');
  }
  if (!response_types.includes('code'))
    throw new InvalidClientMetadataError('response_types must include code.');
  return assertSize({
    redirect_uris: [...new Set(redirect_uris)],
    grant_types: [...new Set(grants)],
    response_types: ['code'],
    scope: registeredScope(scope, settings.topology.services),
    ...withoutUndefined(rest),
  });
}

/** Anybody may register, so what one registration takes up is bounded as a whole, too. */
function assertSize(metadata: ClientMetadata): ClientMetadata {
  if (Buffer.byteLength(JSON.stringify(metadata)) <= MAX_METADATA_BYTES) return metadata;
  throw new InvalidClientMetadataError(`The metadata is larger than ${MAX_METADATA_BYTES} bytes.`);
}

/** Unknown values are dropped from the answer, not refused. It is a record: what a person agrees to decides. */
function registeredScope(scope: string | undefined, services: readonly string[]): string {
  const asked = parseScope(scope, services);
  return (asked.length > 0 ? asked : [...services.map(serviceScope), OFFLINE_ACCESS]).join(' ');
}

function createClient(
  metadata: ClientMetadata,
  lifetimeSeconds: number,
  nowMs: number,
): { client: ClientRecord; secret?: string } {
  const issuedAtMs = Math.floor(nowMs / 1000) * 1000;
  const secret = metadata.token_endpoint_auth_method === 'none' ? undefined : randomToken();
  const client: ClientRecord = {
    // Hexadecimal: base64url may begin with `-`, which a command line takes for an option.
    id: randomBytes(16).toString('hex'),
    metadata,
    // Nobody gets this one yet: managing a registration (RFC 7592) is not offered.
    registrationTokenHash: sha256(randomToken()),
    issuedAtMs,
    ...(secret !== undefined && { secretHash: sha256(secret) }),
    ...newRegistrationEnd(issuedAtMs, lifetimeSeconds),
  };
  return { client, ...(secret !== undefined && { secret }) };
}

/** RFC 7591 §3.2.1. `client_secret_expires_at` is "REQUIRED if 'client_secret' is issued", 0 where it does not expire. */
function registrationAnswer(client: ClientRecord, secret: string | undefined): Record<string, unknown> {
  return {
    client_id: client.id,
    client_id_issued_at: client.issuedAtMs / 1000,
    ...(secret !== undefined && {
      client_secret: secret,
      client_secret_expires_at: (toldEnd(client) ?? 0) / 1000,
    }),
    ...client.metadata,
  };
}

function metadataFault(error: z.ZodError): Error {
  const member = String(error.issues[0]?.path[0] ?? '');
  if (member === 'redirect_uris') {
    return new InvalidRedirectUriError(`redirect_uris must be a list of one to ${MAX_REDIRECT_URIS} URIs.`);
  }
  if (member === 'token_endpoint_auth_method') {
    return new InvalidClientMetadataError(
      `token_endpoint_auth_method must be one of ${CLIENT_AUTH_METHODS.join(', ')}.`,
    );
  }
  const known = member in requestSchema.shape;
  return new InvalidClientMetadataError(
    known ? `${member} is not of the right form.` : 'The body must be a JSON object.',
  );
}

type Defined<Value> = { [Key in keyof Value]: Exclude<Value[Key], undefined> };

function withoutUndefined<Value extends object>(value: Value): Defined<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Defined<Value>;
}
