/** How clients authenticate, and with which signatures. Registration, metadata and the endpoints know the same ones. */

import type { ClientMetadata } from '../../store/store.ts';

export type ClientAuthMethod = ClientMetadata['token_endpoint_auth_method'];

/**
 * What `token_endpoint_auth_methods_supported` lists (RFC 8414 §2). `none` must stay among them: Claude names itself by
 * the URL of its metadata document only where it is.
 */
export const CLIENT_AUTH_METHODS = [
  'none',
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
] as const satisfies readonly ClientAuthMethod[];

/** What `token_endpoint_auth_signing_alg_values_supported` lists: asymmetric ones only, `none` never (RFC 8414 §2). */
export const ASSERTION_ALGORITHMS = ['RS256', 'ES256'] as const;

/** @returns whether the method needs a secret that the server gave the client */
export function usesSecret(method: ClientAuthMethod): boolean {
  return method === 'client_secret_basic' || method === 'client_secret_post';
}
