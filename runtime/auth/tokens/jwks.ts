/** The JSON Web Key Set, RFC 7517 §5: public keys that verify our access tokens, the signing one first. */
import type { FastifyReply } from 'fastify';
import type { AuthContext } from '../auth-context.ts';

export const JWKS_PATH = '/.well-known/jwks.json';

/** How long a caller may keep metadata and keys, in seconds. Short, so that a new key is soon known everywhere. */
export const CACHE_SECONDS = 300;

export function sendJwks({ keys }: AuthContext, reply: FastifyReply): FastifyReply {
  keys.refresh();
  return reply.header('cache-control', `public, max-age=${CACHE_SECONDS}`).send(keys.jwks());
}
