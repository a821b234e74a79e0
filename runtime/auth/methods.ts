/**
 * What there is nothing for: 404, or 405 where the path takes another method. RFC 9110 §15.5.6: "The origin server MUST
 * generate an Allow header field in a 405 response containing a list of the target resource's currently supported methods."
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export const NOT_FOUND = { error: 'not_found', error_description: 'There is nothing here.' };

/** To be called before the routes are added. */
export function addNotFound(app: FastifyInstance): void {
  const routes = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = routes.get(url) ?? new Set();
    for (const name of [method].flat()) methods.add(name);
    routes.set(url, methods);
  });
  app.setNotFoundHandler((request, reply) => {
    const methods = methodsOf(routes, pathOf(request));
    return methods.length === 0 ? reply.code(404).send(NOT_FOUND) : refuseMethod(reply, methods);
  });
}

function refuseMethod(reply: FastifyReply, methods: string[]): FastifyReply {
  const body = { error: 'invalid_request', error_description: `This address takes ${methods.join(', ')}.` };
  return reply
    .code(405)
    .headers({ allow: methods.join(', '), 'cache-control': 'no-store' })
    .send(body);
}

function methodsOf(routes: ReadonlyMap<string, Set<string>>, path: string): string[] {
  const segments = path.split('/');
  const found = [...routes].filter(([pattern]) => matches(pattern.split('/'), segments));
  return [...new Set(found.flatMap(([, methods]) => [...methods]))].sort();
}

function matches(pattern: string[], segments: string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every(
      (part, index) => part === segments[index] || (part.startsWith(':') && segments[index] !== ''),
    )
  );
}

function pathOf({ url }: FastifyRequest): string {
  const path = url.split('?')[0] ?? '';
  return path.length > 1 ? path.replace(/\/$/, '') : path;
}
