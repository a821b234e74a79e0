/**
 * The browser's session: a person who signed in need not do so again for the next application (`SESSION_TIMEOUT`).
 *
 * The cookie is random and the store knows its hash only. Each sign-in makes a new one and ends the one before, so that
 * nobody can have a person sign in to a session that they know (session fixation). `SameSite=Lax`, because an
 * application sends the browser here from its own site.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomToken } from '../../config/secrets.ts';
import type { SessionRecord, Store, User } from '../../store/store.ts';
import { sha256 } from '../hashing.ts';
import type { Providers } from '../idp/index.ts';

const FORM = /^[A-Za-z0-9_-]{43}$/;

/** However much a session is used, the person proves again after this who they are, in milliseconds. */
const MAX_AGE_MS = 7 * 86_400_000;

export interface Sessions {
  /**
   * Finds the browser's session and moves its end on. One whose user was revoked since, or is no longer admitted by
   * their provider, ends here.
   */
  find(request: FastifyRequest, reply: FastifyReply): Promise<SessionRecord | undefined>;
  /** Begins a session for a person who has just proved who they are. */
  begin(request: FastifyRequest, reply: FastifyReply, user: User): Promise<void>;
  /** @returns the session that ended, if there was one */
  end(request: FastifyRequest, reply: FastifyReply): Promise<SessionRecord | undefined>;
}

export interface SessionOptions {
  store: Store;
  /** Whether the person's provider still lets them in. */
  admits: Providers['admits'];
  /** Whether the browser comes over https; then the cookie has the `__Host-` prefix, which no other host can set. */
  secure: boolean;
  timeoutSeconds: number;
  now: () => number;
}

export function createSessions(options: SessionOptions): Sessions {
  const { store, now } = options;
  const cookie = sessionCookie(options.secure);
  const endOf = (signedInAtMs: number): number =>
    Math.min(now() + options.timeoutSeconds * 1000, signedInAtMs + MAX_AGE_MS);

  const end: Sessions['end'] = async (request, reply) => {
    const value = cookie.read(request);
    if (value === undefined) return undefined;
    cookie.clear(reply);
    return store.takeRecord('session', sha256(value));
  };

  const moveOn = async (session: SessionRecord): Promise<SessionRecord | undefined> => {
    const next = { ...session, expiresAtMs: endOf(session.signedInAtMs) };
    if (await store.swapRecord('session', session.idHash, session, next)) return next;
    // Another tab may have moved it on, or out.
    return store.getRecord('session', session.idHash);
  };

  return {
    find: async (request, reply) => {
      const value = cookie.read(request);
      if (value === undefined) return undefined;
      const found = await store.getRecord('session', sha256(value));
      if (found === undefined || !(await isGood(options, found))) {
        await end(request, reply);
        return undefined;
      }
      const session = await moveOn(found);
      if (session !== undefined) cookie.set(reply, value, session.expiresAtMs - now());
      return session;
    },
    begin: async (request, reply, user) => {
      await end(request, reply);
      const value = randomToken();
      const idHash = sha256(value);
      const signedInAtMs = now();
      const expiresAtMs = endOf(signedInAtMs);
      await store.putRecord('session', idHash, { idHash, user, signedInAtMs, expiresAtMs });
      cookie.set(reply, value, expiresAtMs - signedInAtMs);
    },
    end,
  };
}

async function isGood({ store, admits }: SessionOptions, session: SessionRecord): Promise<boolean> {
  if (!admits(session.user)) return false;
  const revokedAtMs = await store.userRevokedAt(session.user.id);
  return revokedAtMs === undefined || revokedAtMs < session.signedInAtMs;
}

function sessionCookie(secure: boolean) {
  const name = secure ? '__Host-mcpgw-session' : 'mcpgw-session';
  const attributes = { path: '/', httpOnly: true, sameSite: 'lax' as const, secure };
  return {
    read: (request: FastifyRequest): string | undefined => {
      const value = request.cookies[name];
      return value !== undefined && FORM.test(value) ? value : undefined;
    },
    set: (reply: FastifyReply, value: string, maxAgeMs: number): void => {
      reply.setCookie(name, value, { ...attributes, maxAge: Math.max(Math.floor(maxAgeMs / 1000), 0) });
    },
    clear: (reply: FastifyReply): void => {
      reply.setCookie(name, '', { ...attributes, maxAge: 0 });
    },
  };
}
