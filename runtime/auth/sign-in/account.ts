import type { SessionRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import type { Account } from '../pages/render.ts';

/** @returns what a page says of who is signed in */
export function accountOf({ providers }: AuthContext, { user }: SessionRecord): Account {
  const provider = providers.byId(user.id.slice(0, user.id.indexOf(':')));
  const title = provider?.title ?? user.issuer;
  return { userName: user.name, via: provider?.kind === 'local' ? `on ${title}` : `with ${title}` };
}
