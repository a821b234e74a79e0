/** What writing a rendered tree would do to a folder. Pure: the folder's content comes in. */
import type { Tree } from './render.ts';
import { stampState } from './stamp.ts';
import { hasTlsKey, isServedMaterial, isTlsMaterial } from './tls/paths.ts';
import { isOwnSecret } from './views/secrets.ts';

export type Action = 'create' | 'change' | 'remove';

export interface Change {
  path: string;
  action: Action;
  /** Text on disk; undefined for `create`. */
  before?: string;
  /** Text to be; undefined for `remove`. */
  after?: string;
  /** Why this needs `--force`: somebody edited the file, or it was never ours. */
  conflict?: 'edited' | 'foreign';
}

export interface Plan {
  /** Sorted by path; what stays as it is, is not among them. */
  changes: Change[];
  /** Things to tell the person. */
  notes: string[];
}

/** Folders of which mcpgw makes the files; stamped ones that are no longer rendered are left over. */
export const GENERATED_FOLDERS = ['access', 'traefik', 'docker', 'secrets'];

/** Traefik watches it: what is written there holds at once. */
export const ROUTES_FOLDER = 'traefik/dynamic/';

/**
 * Routes come last, when what they lead to is up and auth knows it; the routes of what goes, go first.
 * @returns the changes in two parts
 */
export function routesLast(changes: Change[]): { first: Change[]; last: Change[] } {
  const isRoute = ({ path, action }: Change) => path.startsWith(ROUTES_FOLDER) && action !== 'remove';
  // Traefik needs something to start from.
  const fresh = changes.some(
    ({ path, action }) => path === `${ROUTES_FOLDER}gateway.yaml` && action === 'create',
  );
  if (fresh) return { first: changes, last: [] };
  return { first: changes.filter((change) => !isRoute(change)), last: changes.filter(isRoute) };
}

/**
 * @param tree what should be there
 * @param disk text by path of what is there: at least every file of `GENERATED_FOLDERS` and every path of `tree`
 */
export function planChanges(tree: Tree, disk: Map<string, string>): Plan {
  const notes: string[] = [];
  const changes: Change[] = [];
  for (const [path, after] of tree) {
    const before = disk.get(path);
    if (before === after) continue;
    if (before === undefined) changes.push({ path, action: 'create', after });
    else if (path === '.gitignore' && stampState(before) === 'foreign')
      notes.push(...ignoreNotes(before, after));
    else changes.push({ path, action: 'change', before, after, ...conflictOf(path, before) });
  }
  for (const [path, before] of disk) {
    if (!tree.has(path) && isLeftOver(path, before)) {
      changes.push({ path, action: 'remove', before, ...conflictOf(path, before) });
    }
  }
  return { changes: changes.sort((a, b) => (a.path < b.path ? -1 : 1)), notes };
}

export function isSecretPath(path: string): boolean {
  return path === '.env' || path.startsWith('secrets/') || hasTlsKey(path);
}

/** Files in `secrets/` mirror `.env`; they and certificates have no room for a stamp. */
function conflictOf(path: string, before: string): Pick<Change, 'conflict'> {
  if (isSecretPath(path) || isTlsMaterial(path)) return {};
  const state = stampState(before);
  return state === 'intact' ? {} : { conflict: state };
}

function isLeftOver(path: string, text: string): boolean {
  if (path.startsWith('secrets/')) return isOwnSecret(path.slice('secrets/'.length));
  return isServedMaterial(path) || stampState(text) !== 'foreign';
}

/** A `.gitignore` of the user's stays; it only has to keep the secrets out. */
function ignoreNotes(theirs: string, ours: string): string[] {
  const has = new Set(theirs.split(/\r?\n/).map(normalIgnore));
  const lines = ours.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const missing = lines.filter((line) => !has.has(normalIgnore(line)));
  return missing.length === 0
    ? []
    : [`.gitignore is your own and was left alone; add these lines to it: ${missing.join(' ')}`];
}

function normalIgnore(line: string): string {
  return line.trim().replace(/^\//, '').replace(/\/$/, '');
}
