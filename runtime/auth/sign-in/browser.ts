/**
 * The browser's cookie, and the CSRF token of our forms that is bound to it (security invariant 1; RFC 9700 §4.7.1).
 *
 * The cookie is random and says nothing; a transaction keeps its hash, and only the browser that began it goes on with
 * it. On https it has the `__Host-` prefix, which no other host or path can set. `SameSite=Lax`, because the browser
 * must send it when it comes back from the identity provider.
 */
import { createHmac, type KeyObject } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomToken } from '../../config/secrets.ts';
import { equalsInConstantTime, sha256 } from '../hashing.ts';

const FORM = /^[A-Za-z0-9_-]{43}$/;

/** How long a browser is known, in seconds. Longer than a sign-in takes; each sign-in renews it. */
const COOKIE_MAX_AGE_SECONDS = 3600;

export interface Browsers {
  /** @returns the hash of the browser's cookie; undefined without one */
  hash(request: FastifyRequest): string | undefined;
  /** Sets or renews the cookie. @returns its hash */
  ensure(request: FastifyRequest, reply: FastifyReply): string;
  /** @returns the token for a form about one transaction */
  csrfToken(handle: string, browserHash: string): string;
  isCsrfToken(token: string, handle: string, browserHash: string): boolean;
}

/** @param csrfKey from `deriveKey(root, 'csrf')` */
export function createBrowsers(secure: boolean, csrfKey: KeyObject): Browsers {
  const name = secure ? '__Host-mcpgw' : 'mcpgw';
  const cookieOf = (request: FastifyRequest): string | undefined => {
    const value = request.cookies[name];
    return value !== undefined && FORM.test(value) ? value : undefined;
  };
  const csrfToken = (handle: string, browserHash: string): string =>
    createHmac('sha256', csrfKey).update(`${handle}.${browserHash}`).digest('base64url');
  return {
    hash: (request) => {
      const cookie = cookieOf(request);
      return cookie === undefined ? undefined : sha256(cookie);
    },
    ensure: (request, reply) => {
      // A browser keeps its cookie, so that sign-ins in two tabs do not end each other.
      const value = cookieOf(request) ?? randomToken();
      reply.setCookie(name, value, {
        path: '/',
        httpOnly: true,
        sameSite: 'lax',
        secure,
        maxAge: COOKIE_MAX_AGE_SECONDS,
      });
      return sha256(value);
    },
    csrfToken,
    isCsrfToken: (token, handle, browserHash) => equalsInConstantTime(token, csrfToken(handle, browserHash)),
  };
}
