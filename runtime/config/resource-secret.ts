import { hkdfSync } from 'node:crypto';

/**
 * With what a service authenticates as a resource server, to ask about tokens (RFC 7662 §2.1): it follows from the key of
 * its signed context (HKDF-SHA256, RFC 5869), which the service has anyway, so that there is no further secret to
 * hand out, and no service can ask in the name of another one.
 *
 * @param contextKey `deriveKey(root, 'context:<service>')`
 * @returns the password of HTTP Basic authentication, whose user is the service's name
 */
export function resourceSecret(contextKey: Uint8Array): string {
  return Buffer.from(hkdfSync('sha256', contextKey, 'mcpgw/v1', 'introspection', 32)).toString('base64url');
}
