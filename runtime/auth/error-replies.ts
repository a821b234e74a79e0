/** The one place that answers whatever an endpoint threw: in JSON, or on a page for a person. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuthContext } from './auth-context.ts';
import { logError, toOAuthError, type OAuthError } from './errors.ts';
import { sendPage } from './send-page.ts';

/** RFC 6749 §5.2. @param prefix of the route in the log, for routes that are not the edge's */
export function sendError(
  context: AuthContext,
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  prefix = '',
): FastifyReply {
  const error = logged(context, thrown, prefix + routeOf(request));
  return reply
    .code(error.status)
    .headers(error.headers)
    .header('cache-control', 'no-store')
    .send(error.body());
}

export function sendErrorPage(
  context: AuthContext,
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const error = logged(context, thrown, routeOf(request));
  // A person has no use for 401: there is nothing to authenticate with on a page.
  const status = error.status === 401 ? 400 : error.status;
  const retryAfter = error.headers['retry-after'];
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
  return sendPage(
    reply,
    status,
    context.pages.error({ title: 'This did not work', message: error.hint, code: error.code }),
  );
}

function logged({ logger }: AuthContext, thrown: unknown, route: string): OAuthError {
  const error = toOAuthError(thrown);
  logError(logger, error, route);
  return error;
}

/** The route's pattern, never the URL: that may hold a code. */
export function routeOf(request: FastifyRequest): string {
  return request.routeOptions?.url ?? 'unknown route';
}
