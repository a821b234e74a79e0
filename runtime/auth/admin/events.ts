/** What an operator asks about people: what happened lately, and that somebody's access ends. */
import { MAX_EVENTS } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';

/** An event as it was written: `id`, `time` (ISO 8601), `event`, and the fields of `audit/events.ts`. */
export type EventView = Record<string, unknown> & { id: string; time: string; event: string };

/**
 * @param limit how many at the most
 * @returns newest first
 * @throws StoreUnavailableError
 */
export async function listEvents({ store }: AuthContext, limit: number): Promise<EventView[]> {
  const lines = await store.listEvents(Math.min(Math.max(limit, 1), MAX_EVENTS));
  return lines.map((line) => JSON.parse(line) as EventView);
}

/**
 * Ends every token and session of a user.
 *
 * @param named the stable id (`<provider>:<subject>`), or a login that is among the recent events
 * @returns the ids that it was; more than one where several providers have the login. None: nobody was found
 * @throws StoreUnavailableError
 */
export async function revokeUser(context: AuthContext, named: string): Promise<string[]> {
  const ids = named.includes(':') ? [named] : await idsOfLogin(context, named);
  for (const user of ids) {
    // Whole milliseconds: what is issued in the next one is from after it.
    await context.store.revokeUser(user, context.now() + 1);
    context.audit('user_revoked', { user, reason: 'by the operator' });
  }
  return ids;
}

async function idsOfLogin(context: AuthContext, login: string): Promise<string[]> {
  const wanted = login.toLowerCase();
  const found = (await listEvents(context, MAX_EVENTS)).filter(
    ({ userName, user }) =>
      typeof userName === 'string' && userName.toLowerCase() === wanted && typeof user === 'string',
  );
  return [...new Set(found.map(({ user }) => String(user)))];
}
