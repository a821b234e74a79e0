/**
 * CORS (Fetch standard §3.2) for browser-based clients: the endpoints that a client's code calls, never the pages that a
 * person sees. Credentials are never allowed, because none of these endpoints looks at a cookie.
 */
import type { FastifyInstance } from 'fastify';

const ALLOWED_HEADERS = [
  'Authorization',
  'Content-Type',
  'Last-Event-ID',
  'Mcp-Method',
  'Mcp-Name',
  'MCP-Protocol-Version',
  'Mcp-Session-Id',
].join(', ');

/** How long a browser keeps a preflight's answer, in seconds. */
const MAX_AGE_SECONDS = 600;

export interface CorsRoute {
  path: string;
  methods: string[];
}

/**
 * Adds the headers to every answer of the routes in `scope`, errors too, and answers their preflights.
 *
 * @param origins exact origins, or `*` among them for all
 */
export function addCors(
  scope: FastifyInstance,
  origins: readonly string[],
  routes: readonly CorsRoute[],
): void {
  const allowed = new Set(origins.map((origin) => origin.replace(/\/$/, '').toLowerCase()));
  const any = allowed.has('*');
  const methodsOf = new Map(routes.map(({ path, methods }) => [path, [...methods, 'OPTIONS'].join(', ')]));

  scope.addHook('onRequest', (request, reply, done) => {
    const origin = request.headers.origin;
    if (!any) reply.header('vary', 'Origin');
    if (origin !== undefined && (any || allowed.has(origin.toLowerCase()))) {
      reply.header('access-control-allow-origin', any ? '*' : origin);
      reply.header('access-control-expose-headers', 'WWW-Authenticate, Mcp-Session-Id, Retry-After');
      if (request.method === 'OPTIONS') {
        reply.header(
          'access-control-allow-methods',
          methodsOf.get(request.routeOptions.url ?? '') ?? 'GET, OPTIONS',
        );
        reply.header(
          'access-control-allow-headers',
          allowHeaders(request.headers['access-control-request-headers']),
        );
        reply.header('access-control-max-age', String(MAX_AGE_SECONDS));
      }
    }
    done();
  });
  for (const { path, methods } of routes) {
    scope.options(path, (_request, reply) =>
      reply
        .code(204)
        .header('allow', [...methods, 'OPTIONS'].join(', '))
        .send(),
    );
  }
}

/** `Mcp-Param-*` has no end of names, so those that the preflight asks for are named back. */
function allowHeaders(requested: string | undefined): string {
  const params = (requested ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => /^mcp-param-[\w-]{1,64}$/i.test(name));
  return [ALLOWED_HEADERS, ...params].join(', ');
}
