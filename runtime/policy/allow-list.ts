/**
 * Allow-lists (security invariant 7): empty means nobody, `*` alone anybody; names are trimmed and case-insensitive.
 */

/** @returns a test for one person's name */
export function createAllowList(entries: readonly string[]): (name: string) => boolean {
  const names = new Set(entries.filter((name) => name.trim() !== '').map(nameKey));
  if (names.size === 1 && names.has(nameKey('*'))) return () => true;
  // Beside names `*` is a mistake, and a mistake opens nothing.
  names.delete(nameKey('*'));
  return (name) => names.has(nameKey(name));
}

/** What the ids of clients that act for themselves (`client_credentials`) begin with. No identity provider has this id. */
export const CLIENT_USER_PREFIX = 'client:';

const OIDC_USER_PREFIX = 'oidc:';

export interface Person {
  /** `<provider>:<subject>`; of a client that acts for itself, `client:<client_id>`. */
  id: string;
  /** The login. A client's is whatever the operator called it, so it is never taken for a person's. */
  name: string;
  groups: readonly string[];
}

/**
 * @param entries names, or ids as `<provider>:<subject>`, which are compared exactly: a name with a colon in it, which some
 *   providers let people choose, is never taken for somebody's id
 */
export function createPersonList(entries: readonly string[]): (person: Person) => boolean {
  const isId = (entry: string) => entry.includes(':');
  const ids = new Set(entries.filter(isId).map((id) => id.trim()));
  const byName = createAllowList(entries.filter((entry) => !isId(entry)));
  const anybody = byName('');
  return (person) => {
    if (ids.has(person.id)) return true;
    // An id beside it makes `*` stand among others here, too.
    return anybody ? ids.size === 0 : isNameTheirs(person) && byName(person.name);
  };
}

/**
 * OpenID Connect Core §5.7: only `sub` and `iss` identify a person; claims like `preferred_username` "MUST NOT be used as
 * unique identifiers", and many providers let people choose them. A verified address is theirs.
 */
function isNameTheirs({ id, name, groups }: Person): boolean {
  if (id.startsWith(CLIENT_USER_PREFIX)) return false;
  return !id.startsWith(OIDC_USER_PREFIX) || groups.includes(`email:${name}`);
}

/** @returns a test for the groups of one person: one of them is enough */
export function createGroupList(entries: readonly string[]): (groups: readonly string[]) => boolean {
  const lists = createAllowList(entries);
  const anybody = lists('');
  return (groups) => anybody || groups.some(lists);
}

/**
 * Both cases, since a letter may have another one's small form (the Kelvin sign that of k), and where people choose their
 * names somebody would choose that.
 */
function nameKey(name: string): string {
  const trimmed = name.trim();
  return `${trimmed.toLowerCase()}\n${trimmed.toUpperCase()}`;
}
