/**
 * Protected resource metadata, RFC 9728. §3.3: "The 'resource' value returned MUST be identical to the protected
 * resource's resource identifier value into which the well-known URI path suffix was inserted" (security invariant 11).
 */
import { resourceUrl } from '../config/topology.ts';
import type { AuthContext } from './auth-context.ts';
import { serviceScope } from './scopes.ts';
import type { ServiceSettings } from './settings.ts';

export const PROTECTED_RESOURCE_PATH = '/.well-known/oauth-protected-resource';

/** @returns the members of RFC 9728 §2; `offline_access` is the authorization server's business, not the resource's */
export function protectedResourceMetadata(
  context: AuthContext,
  service: ServiceSettings,
): Record<string, unknown> {
  const { topology, documents } = context.settings;
  return {
    resource: resourceUrl(topology, service.name),
    authorization_servers: [context.issuer],
    scopes_supported: [serviceScope(service.name)],
    bearer_methods_supported: ['header'],
    resource_name: service.title,
    ...(documents.serviceDocumentation !== undefined && {
      resource_documentation: documents.serviceDocumentation,
    }),
    ...(documents.policyUri !== undefined && { resource_policy_uri: documents.policyUri }),
    ...(documents.tosUri !== undefined && { resource_tos_uri: documents.tosUri }),
  };
}
