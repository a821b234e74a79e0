/** What the pages load: one stylesheet. */
import type { FastifyReply } from 'fastify';
import type { AuthContext } from './auth-context.ts';

export const STYLESHEET_PATH = '/assets/style.css';

export function sendStylesheet({ pages }: AuthContext, reply: FastifyReply): FastifyReply {
  return reply
    .type('text/css; charset=utf-8')
    .header('cache-control', 'public, max-age=300')
    .header('x-content-type-options', 'nosniff')
    .send(pages.stylesheet);
}
