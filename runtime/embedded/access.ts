/** Who may come in and use what, for the embedded gateway: from what its folder says now, and whenever that changes. */
import { policyFrom, watchAccess } from '../assembly/access.ts';
import { type AuthValues, identityProviders } from '../assembly/auth-settings.ts';
import type { Access, Auth } from '../auth/app.ts';
import { isAccessKey, type ServiceAllowLists } from '../config/access.ts';
import type { Logger } from '../config/log.ts';
import type { Policy } from '../policy/policy.ts';
import type { Watch } from '../policy/watch.ts';

/** Who may come in and use what. */
export interface EmbeddedAccess {
  /** Of these only the allow-lists count after the start. */
  values: AuthValues;
  allowed: ServiceAllowLists;
  /** The text of the policy file; undefined: there is none. */
  policy: string | undefined;
}

/** Where it comes from, and is looked for again all the time. */
export interface AccessSource {
  read: () => Promise<unknown>;
  /** @throws whatever is wrong with what `read` gave */
  load: (texts: unknown) => EmbeddedAccess;
}

export interface OpenAccess {
  policy: Policy;
  watch(auth: Auth, logger: Logger): Watch;
}

/**
 * @returns undefined without a source
 * @throws whatever is wrong with what is there now
 */
export async function openAccess(options: {
  values: AuthValues;
  access?: AccessSource;
}): Promise<OpenAccess | undefined> {
  const { access } = options;
  if (access === undefined) return undefined;
  const initial = await access.read();
  const load = (texts: unknown): Access => {
    const { values, allowed, policy } = access.load(texts);
    // The rest of `.env` holds as it was at the start.
    const lists = Object.fromEntries(Object.entries(values).filter(([key]) => isAccessKey(key)));
    return {
      identityProviders: identityProviders({ ...options.values, ...lists }),
      policy: policyFrom(allowed, policy),
    };
  };
  return {
    policy: load(initial).policy,
    watch: (auth, logger) => watchAccess(auth, { initial, read: access.read, load }, logger),
  };
}
