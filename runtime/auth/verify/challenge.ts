/**
 * `WWW-Authenticate` of a protected resource: RFC 6750 §3 and RFC 9728 §5.1, which adds `resource_metadata`. RFC 6750
 * §3.1: "If the request lacks any authentication information […], the resource server SHOULD NOT include an error code".
 */
import { resourceMetadataUrl, type Topology } from '../../config/topology.ts';
import type { OAuthError } from '../errors.ts';
import { serviceScope } from '../scopes.ts';

/** @returns the challenge of a service; with an error when a token was presented */
export function bearerChallenge(topology: Topology, service: string, error?: OAuthError): string {
  const parts: [string, string][] = [
    ['resource_metadata', resourceMetadataUrl(topology, service)],
    ['scope', serviceScope(service)],
  ];
  if (error !== undefined) parts.unshift(['error', error.code], ['error_description', error.hint]);
  return `Bearer ${parts.map(([name, value]) => `${name}="${value}"`).join(', ')}`;
}
