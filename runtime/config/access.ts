/**
 * The allow-lists of single services: `MCP_<SERVICE>_ALLOWED_USERS` and `MCP_<SERVICE>_ALLOWED_GROUPS`. Neither key given:
 * everybody who may sign in. Otherwise whoever one of them lists, so that an empty list alone is nobody.
 */
import type { Fault } from './faults.ts';
import { list } from './fields.ts';
import { enabledKey } from './schema.ts';

export interface AllowLists {
  /** Logins in any case, ids as `<provider>:<subject>`, or `*` alone. */
  users?: string[];
  /** Any case, or `*` alone. */
  groups?: string[];
}

/** By service; one without a list of its own is not among them. */
export type ServiceAllowLists = Record<string, AllowLists>;

/**
 * Keys that say who is let in. They may change while the gateway runs: the stack hands them to auth in files that it watches,
 * not in its environment, so that no container is replaced for them.
 */
export function isAccessKey(key: string): boolean {
  return /^(?:ALLOWED_GITHUB|OIDC_ALLOWED)_/.test(key);
}

const KEY = /^MCP_.*_ALLOWED_(?:USERS|GROUPS)$/;

/** @returns the keys of one service's lists */
export function allowListKeys(service: string): { users: string; groups: string } {
  const prefix = enabledKey(service).replace(/_ENABLED$/, '_ALLOWED');
  return { users: `${prefix}_USERS`, groups: `${prefix}_GROUPS` };
}

/** @param texts values as written; here an empty one is not the same as none */
export function parseAllowLists(
  texts: Record<string, string>,
  services: Iterable<string>,
): { allowed: ServiceAllowLists; faults: Fault[] } {
  const allowed: ServiceAllowLists = {};
  const faults: Fault[] = [];
  for (const service of services) {
    const keys = allowListKeys(service);
    const lists: AllowLists = {};
    for (const kind of ['users', 'groups'] as const) {
      const text = texts[keys[kind]];
      if (text === undefined) continue;
      lists[kind] = list().parse(text);
      if (lists[kind].length > 1 && lists[kind].includes('*'))
        faults.push({ key: keys[kind], problem: '* means anybody and stands alone', example: '*' });
    }
    if (lists.users !== undefined || lists.groups !== undefined) allowed[service] = lists;
  }
  return { allowed, faults };
}

/**
 * @param names of all that `.env` sets
 * @returns a fault for each list of a service that there is not: a typing error must not leave a service open
 */
export function unknownAllowLists(names: Iterable<string>, services: Iterable<string>): Fault[] {
  const known = new Set([...services].flatMap((service) => Object.values(allowListKeys(service))));
  return [...names]
    .filter((name) => KEY.test(name) && !known.has(name))
    .map((key) => ({ key, problem: 'is the list of a service that is not in the catalog' }));
}
