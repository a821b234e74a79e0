/** CORS for browser-based clients: the same answer from the edge, auth and, as Traefik's configuration, the deployment. */

/** Request headers that MCP clients send. */
export const CORS_REQUEST_HEADERS = [
  'Authorization',
  'Content-Type',
  'Accept',
  'Last-Event-ID',
  'MCP-Protocol-Version',
  'Mcp-Session-Id',
  'Mcp-Method',
  'Mcp-Name',
];

/** Response headers that a page may read. */
export const CORS_EXPOSED_HEADERS = [
  'Mcp-Session-Id',
  'WWW-Authenticate',
  'MCP-Protocol-Version',
  'Retry-After',
];

export const CORS_METHODS = ['GET', 'POST', 'DELETE', 'OPTIONS'];

const MAX_AGE_SECONDS = 600;

/**
 * Headers of an answer to `origin`.
 * @param allowed configured origins; `*` among them means any, and then without credentials
 * @returns none when the request has no origin or one that is not allowed
 */
export function corsHeaders(origin: string | undefined, allowed: string[]): Record<string, string> {
  if (allowed.includes('*')) return exposing({ 'access-control-allow-origin': '*' });
  if (origin === undefined || !allowed.includes(origin)) return { vary: 'Origin' };
  return exposing({
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    vary: 'Origin',
  });
}

function exposing(headers: Record<string, string>): Record<string, string> {
  return { ...headers, 'access-control-expose-headers': CORS_EXPOSED_HEADERS.join(', ') };
}

/**
 * Headers of the answer to a preflight. `Mcp-Param-*` names cannot be listed, so what a preflight asks for is answered
 * by name when it is one of ours.
 * @param requested the value of `Access-Control-Request-Headers`
 */
export function preflightHeaders(
  origin: string | undefined,
  requested: string | undefined,
  allowed: string[],
): Record<string, string> {
  const headers = corsHeaders(origin, allowed);
  if (headers['access-control-allow-origin'] === undefined) return headers;
  const params = (requested ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => /^mcp-param-[a-z0-9-]+$/i.test(name));
  return {
    ...headers,
    'access-control-allow-methods': CORS_METHODS.join(', '),
    'access-control-allow-headers': [...CORS_REQUEST_HEADERS, ...params].join(', '),
    'access-control-max-age': String(MAX_AGE_SECONDS),
  };
}
