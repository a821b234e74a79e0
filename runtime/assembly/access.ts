/** Who may come in and use what, from texts to the authorization server, now and whenever the texts change. */
import type { Access, Auth } from '../auth/app.ts';
import type { ServiceAllowLists } from '../config/access.ts';
import { ConfigError } from '../config/faults.ts';
import type { Logger } from '../config/log.ts';
import { createPolicy, type Policy } from '../policy/policy.ts';
import { parsePolicy } from '../policy/policy-file.ts';
import { type Watch, watchTexts } from '../policy/watch.ts';

/**
 * @param text of the policy file; undefined: there is none
 * @throws ConfigError with every fault of it
 */
export function policyFrom(allowed: ServiceAllowLists, text: string | undefined): Policy {
  if (text === undefined) return createPolicy({ allowed });
  const result = parsePolicy(text);
  if ('faults' in result) throw new ConfigError(result.faults);
  return createPolicy({ allowed, file: result.policy });
}

export interface AccessSource<Texts> {
  /** What is in force already. */
  initial: Texts;
  read: () => Promise<Texts>;
  /** @throws whatever is wrong with the texts */
  load: (texts: Texts) => Access;
}

/** Puts into force what changes in the source. */
export function watchAccess<Texts>(auth: Auth, source: AccessSource<Texts>, logger: Logger): Watch {
  const { initial, read, load } = source;
  const apply = (texts: Texts): void => {
    try {
      auth.setAccess(load(texts));
    } catch (error) {
      auth.context.audit('policy_refused', {
        reason: error instanceof Error ? error.message : String(error),
      });
      throw error;
    }
  };
  return watchTexts({ initial, read, apply, logger });
}
