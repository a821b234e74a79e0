/**
 * Which web pages may talk to a service. The MCP transport demands the check against DNS rebinding: "Servers MUST
 * validate the `Origin` header on all incoming connections" (Streamable HTTP, Security Warning).
 */

/** What a browser page of one origin would be told. */
export interface OriginVerdict {
  allowed: boolean;
  /** Why, for a person. */
  reason: string;
  /** The CORS headers that go with an allowed origin; empty when it is refused or when there is none. */
  headers: Record<string, string>;
}

/** Origins compare without case and without the trailing slash that people add in configuration. */
function normalise(origin: string): string {
  return origin.trim().toLowerCase().replace(/\/+$/, '');
}

/**
 * @param origin the `Origin` header; undefined when the caller is no browser page
 * @param allowedOrigins exact origins, or `*` for any (then without credentials, as the Fetch standard requires)
 */
export function judgeOrigin(origin: string | undefined, allowedOrigins: readonly string[]): OriginVerdict {
  if (origin === undefined) {
    return {
      allowed: true,
      reason: 'No Origin header: not a browser page, so CORS does not apply.',
      headers: {},
    };
  }
  if (allowedOrigins.includes('*')) {
    return {
      allowed: true,
      reason: 'Any origin is allowed (*), without credentials such as cookies.',
      headers: { 'Access-Control-Allow-Origin': '*' },
    };
  }
  if (allowedOrigins.some((allowed) => normalise(allowed) === normalise(origin))) {
    return {
      allowed: true,
      reason: 'This origin is on the list of allowed origins.',
      headers: {
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Allow-Credentials': 'true',
        Vary: 'Origin',
      },
    };
  }
  return {
    allowed: false,
    reason: 'This origin is not on the list of allowed origins (MCP_CORS_ORIGINS): it is answered 403.',
    headers: {},
  };
}
