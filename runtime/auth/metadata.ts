/**
 * Authorization server metadata, RFC 8414. §3.3: "The 'issuer' value returned MUST be identical to the authorization
 * server's issuer identifier value into which the well-known URI string was inserted" (security invariant 11). It names
 * only what exists. The edge serves the same document on the services' hosts, for clients of 2025-03-26.
 */
import { resourceUrl } from '../config/topology.ts';
import type { AuthContext } from './auth-context.ts';
import { ASSERTION_ALGORITHMS, CLIENT_AUTH_METHODS } from './clients/auth-methods.ts';
import { grantTypes } from './tokens/grants/index.ts';
import { JWKS_PATH } from './tokens/jwks.ts';
import { supportedScopes } from './scopes.ts';

export const METADATA_PATH = '/.well-known/oauth-authorization-server';

/** @returns the members of RFC 8414 §2, of RFC 9207 §3 and of RFC 9728 §4 */
export function authorizationServerMetadata({ settings, issuer }: AuthContext): Record<string, unknown> {
  const { topology, documents } = settings;
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    jwks_uri: issuer + JWKS_PATH,
    scopes_supported: supportedScopes(topology.services),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: grantTypes(settings),
    token_endpoint_auth_methods_supported: CLIENT_AUTH_METHODS,
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    ...((settings.clientDocumentDomains ?? []).length > 0 && { client_id_metadata_document_supported: true }),
    device_authorization_endpoint: `${issuer}/device-authorization`,
    revocation_endpoint: `${issuer}/revoke`,
    revocation_endpoint_auth_methods_supported: CLIENT_AUTH_METHODS,
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    introspection_endpoint: `${issuer}/introspect`,
    introspection_endpoint_auth_methods_supported: CLIENT_AUTH_METHODS.filter((method) => method !== 'none'),
    introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    protected_resources: topology.services.map((service) => resourceUrl(topology, service)),
    ...(documents.serviceDocumentation !== undefined && {
      service_documentation: documents.serviceDocumentation,
    }),
    ...(documents.policyUri !== undefined && { op_policy_uri: documents.policyUri }),
    ...(documents.tosUri !== undefined && { op_tos_uri: documents.tosUri }),
  };
}
