/**
 * Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document): what a client says of itself at the URL
 * that is its id. Nothing of it is stored as a registration; it is read anew each time, from the cached text.
 */
import type { ClientRecord } from '../../store/store.ts';
import { InvalidClientError, OAuthError } from '../errors.ts';
import type { AuthSettings } from '../settings.ts';
import type { ClientAuthMethod } from './auth-methods.ts';
import { readMetadata } from './metadata.ts';

/**
 * @param url the client's id, where the text was fetched from
 * @returns the client as if it had registered; it has no secret and no registration to manage
 * @throws InvalidClientError for a document that does not serve
 */
export function readClientDocument(url: string, text: string, settings: AuthSettings): ClientRecord {
  const document = parse(text);
  // The draft, §4.1: "The client metadata document MUST contain a 'client_id' property whose value MUST match the URL of
  // the document using simple string comparison".
  if (document['client_id'] !== url) throw unusable('its client_id is not the URL that it is at');
  // "The 'client_secret' and 'client_secret_expires_at' properties MUST NOT be used."
  if ('client_secret' in document || 'client_secret_expires_at' in document)
    throw unusable('it has a client_secret, which everybody can read');
  const method = chooseMethod(document);
  if (method === undefined)
    throw unusable('it names no way to authenticate that works here: none, or private_key_jwt with its keys');
  const keys = method === 'private_key_jwt' ? {} : { jwks: undefined, jwks_uri: undefined };
  try {
    const metadata = readMetadata({ ...document, ...keys, token_endpoint_auth_method: method }, settings);
    return { id: url, metadata, registrationTokenHash: '', issuedAtMs: 0 };
  } catch (error) {
    if (error instanceof OAuthError) throw unusable(error.hint);
    throw error;
  }
}

/**
 * The first that works of the preferred method and of those that the document lists beside it. The draft, §4.1:
 * `token_endpoint_auth_method` "MUST NOT include 'client_secret_post', 'client_secret_basic', 'client_secret_jwt', or any
 * other method based around a shared symmetric secret"; without one, there can be none but `none`.
 */
function chooseMethod(document: Record<string, unknown>): ClientAuthMethod | undefined {
  const { token_endpoint_auth_method: preferred, token_endpoint_auth_methods_supported: listed } = document;
  const methods: unknown[] = [
    ...(preferred === undefined ? [] : [preferred]),
    ...(Array.isArray(listed) ? (listed as unknown[]) : []),
  ];
  if (methods.length === 0) return 'none';
  const hasKeys = document['jwks'] !== undefined || document['jwks_uri'] !== undefined;
  if (methods.find((method) => method === 'none' || (method === 'private_key_jwt' && hasKeys)) === 'none')
    return 'none';
  return hasKeys && methods.includes('private_key_jwt') ? 'private_key_jwt' : undefined;
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // It is no JSON, which is said below.
  }
  throw unusable('it is not a JSON object');
}

function unusable(reason: string): InvalidClientError {
  return new InvalidClientError(`The metadata document of the application cannot be used: ${reason}`);
}
