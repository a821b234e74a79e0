/**
 * Client metadata, RFC 7591 §2. Lenient where the RFC lets it be, because one refusal ends a client: §3.2.1 "The
 * authorization server MAY reject or replace any of the client's requested metadata values […] and substitute them with
 * suitable values."
 */
import { z } from 'zod';
import type { ClientMetadata } from '../../store/store.ts';
import { InvalidClientMetadataError, InvalidRedirectUriError } from '../errors.ts';
import { OFFLINE_ACCESS, parseScope, serviceScope, supportedScopes } from '../scopes.ts';
import type { AuthSettings } from '../settings.ts';
import { grantTypes } from '../tokens/grants/index.ts';
import { CLIENT_AUTH_METHODS, type ClientAuthMethod } from './auth-methods.ts';
import { clientUrlProblem } from './client-url.ts';
import { publicKeysProblem, publicKeysSchema } from './public-keys.ts';
import { MAX_URI_LENGTH, redirectUriProblem } from './redirect-uri.ts';

/** No client has more redirect URIs. */
const MAX_REDIRECT_URIS = 16;

/** No registration is larger as it is stored, in bytes of JSON. Those of the clients that people use are below 1 kB. */
const MAX_METADATA_BYTES = 8 * 1024;

/** Only for clients that the operator registers: nobody agrees to what such a client does. */
const CLIENT_CREDENTIALS = 'client_credentials';

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

/** What is not here is ignored, members with a language tag (`client_name#de`, §2.2) among it. */
const requestSchema = z.object({
  redirect_uris: z.array(z.string()).max(MAX_REDIRECT_URIS).default([]),
  // RFC 7591 §2: "If unspecified or omitted, the default is 'client_secret_basic'".
  token_endpoint_auth_method: z.enum(CLIENT_AUTH_METHODS).default('client_secret_basic'),
  // RFC 7591 §2: "If omitted, the default behavior is that the client will use only the 'authorization_code' Grant Type."
  grant_types: names.default(['authorization_code']),
  response_types: names.optional(),
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
  jwks_uri: z.string().max(MAX_URI_LENGTH).optional(),
  jwks: publicKeysSchema.optional(),
});

type Request = z.output<typeof requestSchema>;

/**
 * @param body as parsed from JSON
 * @param byOperator whether the operator registers it, who alone may give out `client_credentials`
 * @returns what is stored and answered: without members that we do not know, values replaced where the RFC allows it
 * @throws InvalidClientMetadataError, InvalidRedirectUriError
 */
export function readMetadata(body: unknown, settings: AuthSettings, byOperator = false): ClientMetadata {
  const parsed = requestSchema.safeParse(body);
  if (!parsed.success) throw metadataFault(parsed.error);
  const { redirect_uris, scope, grant_types, response_types, jwks, jwks_uri, ...rest } = parsed.data;
  const grants = registrableGrants(grant_types, settings, byOperator);
  assertRedirects(redirect_uris, grants, settings);
  return assertSize({
    redirect_uris: [...new Set(redirect_uris)],
    grant_types: assertSecret(grants, rest.token_endpoint_auth_method),
    response_types: fittingResponseTypes(response_types, grants),
    scope: byOperator
      ? operatorsScope(scope, settings.topology.services)
      : registeredScope(scope, settings.topology.services),
    ...withoutUndefined(rest),
    ...assertKeys(rest.token_endpoint_auth_method, jwks, jwks_uri),
  });
}

function registrableGrants(asked: readonly string[], settings: AuthSettings, byOperator: boolean): string[] {
  const known = new Set(grantTypes(settings));
  // A stranger hears what he may register instead; the operator hears what to change.
  if (byOperator && asked.includes(CLIENT_CREDENTIALS) && !known.has(CLIENT_CREDENTIALS))
    throw new InvalidClientMetadataError('client_credentials is turned off: set CLIENT_CREDENTIALS=true.');
  const grants = asked.filter((type) => known.has(type) && (type !== CLIENT_CREDENTIALS || byOperator));
  // A refresh token continues what another grant began.
  if (!grants.some((type) => type !== 'refresh_token')) {
    throw new InvalidClientMetadataError('grant_types must include authorization_code.');
  }
  return [...new Set(grants)];
}

/** RFC 6749 §4.4: "The client credentials grant type MUST only be used by confidential clients." */
function assertSecret(grants: string[], method: ClientAuthMethod): string[] {
  if (method === 'none' && grants.includes(CLIENT_CREDENTIALS))
    throw new InvalidClientMetadataError('client_credentials needs a client that authenticates, not none.');
  return grants;
}

/**
 * RFC 7591 §2: "Clients using flows with redirection MUST register their redirection URI values"; §5: "the authorization
 * server MUST require registration of" them.
 */
function assertRedirects(uris: readonly string[], grants: readonly string[], settings: AuthSettings): void {
  if (uris.length === 0 && grants.includes('authorization_code')) throw redirectUrisFault();
  for (const uri of uris) {
    const problem = redirectUriProblem(uri, settings.privateUseRedirects);
    if (problem !== undefined) throw new InvalidRedirectUriError(problem);
  }
}

/** RFC 7591 §2.1: "the authorization server MUST ensure that […] the client cannot register itself into an inconsistent state". */
function fittingResponseTypes(asked: readonly string[] | undefined, grants: readonly string[]): string[] {
  const redirects = grants.includes('authorization_code');
  if (redirects && asked?.includes('code') === false)
    throw new InvalidClientMetadataError('response_types must include code.');
  if (!redirects && asked?.includes('code') === true)
    throw new InvalidClientMetadataError(
      'response_types has code, which needs authorization_code in grant_types.',
    );
  return redirects ? ['code'] : [];
}

/** Keys are kept only where they are used, to authenticate with `private_key_jwt`. */
function assertKeys(
  method: ClientAuthMethod,
  jwks: Request['jwks'],
  jwksUri: string | undefined,
): Pick<ClientMetadata, 'jwks' | 'jwks_uri'> {
  // RFC 7591 §2: "The 'jwks_uri' and 'jwks' parameters MUST NOT both be present in the same request or response."
  if (jwks !== undefined && jwksUri !== undefined)
    throw new InvalidClientMetadataError('jwks and jwks_uri must not both be present.');
  if (method !== 'private_key_jwt') return {};
  if (jwks !== undefined) {
    const problem = publicKeysProblem(jwks);
    if (problem !== undefined) throw new InvalidClientMetadataError(problem);
    return { jwks };
  }
  if (jwksUri === undefined)
    throw new InvalidClientMetadataError('private_key_jwt needs the public keys, in jwks or at jwks_uri.');
  const problem = clientUrlProblem(jwksUri);
  if (problem !== undefined) throw new InvalidClientMetadataError(`jwks_uri ${problem}.`);
  return { jwks_uri: jwksUri };
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

/** What the operator gives out bounds a script, so that a name which nothing has must not become everything. */
function operatorsScope(scope: string | undefined, services: readonly string[]): string {
  const known = supportedScopes(services);
  const unknown = (scope ?? '').split(/\s+/).filter((value) => value !== '' && !known.includes(value));
  if (unknown.length === 0) return registeredScope(scope, services);
  throw new InvalidClientMetadataError(
    `There is no scope ${unknown.join(' ')}; there are ${known.join(' ')}.`,
  );
}

function metadataFault(error: z.ZodError): Error {
  const member = String(error.issues[0]?.path[0] ?? '');
  if (member === 'redirect_uris') return redirectUrisFault();
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

function redirectUrisFault(): InvalidRedirectUriError {
  return new InvalidRedirectUriError(`redirect_uris must be a list of one to ${MAX_REDIRECT_URIS} URIs.`);
}

type Defined<Value> = { [Key in keyof Value]: Exclude<Value[Key], undefined> };

function withoutUndefined<Value extends object>(value: Value): Defined<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Defined<Value>;
}
