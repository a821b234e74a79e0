import type { FastifyReply } from 'fastify';
import type { AuthContext } from './auth-context.ts';
import { redirectTarget } from './clients/redirect-uri.ts';

/** Sends a page that no cache keeps: most of them hold something of one person's sign-in. */
export function sendPage(reply: FastifyReply, status: number, html: string): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').header('cache-control', 'no-store').send(html);
}

/**
 * Sends the browser on after a form was posted or an identity provider has answered, by a page with a refresh instead
 * of a redirect. Chromium and WebKit hold a form's whole chain of redirects against the `form-action` of the page that
 * the form was on (https://github.com/w3c/webappsec-csp/issues/8), and where a chain ends is not ours to know: an
 * identity provider sends on, and so do clients (`https://…/callback` to `app://…`). A page ends the chain, so that our
 * `form-action` stays `'self'` and another site's cannot stop the answer to a client on loopback.
 */
export function sendOnward(
  { pages }: AuthContext,
  reply: FastifyReply,
  title: string,
  url: string,
): FastifyReply {
  return sendPage(reply, 200, pages.continue({ title, target: redirectTarget(url), refreshTo: url }));
}
