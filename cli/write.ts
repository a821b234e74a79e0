/** The only code that reads a gateway's generated files and writes them. */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from './errors.ts';
import { type Change, GENERATED_FOLDERS, isSecretPath, ROUTES_FOLDER } from './plan.ts';
import type { Tree } from './render.ts';
import { SERVED } from './tls/paths.ts';

/** Who the files belong to that only containers read. */
export interface Owner {
  uid: number;
  gid: number;
}

/** The user of this process, or undefined where there is no such thing. */
export type CurrentUser = () => Owner | undefined;

export const currentUser: CurrentUser = () =>
  process.getuid === undefined || process.getgid === undefined
    ? undefined
    : { uid: process.getuid(), gid: process.getgid() };

/** @returns text by path of what `planChanges` has to know */
export function readTree(folder: string, tree: Tree): Map<string, string> {
  const paths = new Set([...tree.keys(), ...GENERATED_FOLDERS.flatMap((name) => filesBelow(folder, name))]);
  const disk = new Map<string, string>();
  for (const path of [...paths].sort()) {
    const text = readText(join(folder, path));
    if (text !== undefined) disk.set(path, text);
  }
  return disk;
}

/**
 * Makes the changes: every new text is on disk beside its place before the first one takes it, so that a full disk or a
 * missing right leaves everything as it was.
 * @param owner of the files in `secrets/`, and of the certificate that Traefik serves
 * @throws UserError when something cannot be written
 */
export function writeChanges(
  folder: string,
  changes: Change[],
  owner: Owner,
  user: CurrentUser = currentUser,
): void {
  const staged: { temporary: string; target: string }[] = [];
  try {
    for (const change of changes) {
      if (change.after === undefined) continue;
      const target = join(folder, change.path);
      makeFolder(dirname(target), change.path.startsWith('secrets/') ? 0o700 : 0o755);
      const temporary = join(
        stagingFolder(folder, change.path),
        `.mcpgw-${randomBytes(6).toString('hex')}.tmp`,
      );
      staged.push({ temporary, target });
      stage(temporary, target, change, owner, user());
    }
    // First: a rename makes Traefik list its folder, and a file that goes between that and its reading is an error there.
    for (const { path, action } of changes) if (action === 'remove') fs.rmSync(join(folder, path));
    for (const { temporary, target } of staged) fs.renameSync(temporary, target);
  } catch (error) {
    for (const { temporary } of staged) fs.rmSync(temporary, { force: true });
    throw new UserError(`cannot write in ${folder}: ${(error as Error).message}`);
  }
}

/** Traefik reads all of its folder anew at whatever happens there, so nothing is made in it: it comes by one rename. */
function stagingFolder(folder: string, path: string): string {
  return path.startsWith(ROUTES_FOLDER) ? join(folder, ROUTES_FOLDER, '..') : dirname(join(folder, path));
}

/** With this mode whatever the umask is: the containers' user must be able to read what is mounted. */
function makeFolder(folder: string, mode: number): void {
  const first = fs.mkdirSync(folder, { recursive: true, mode });
  for (let made = folder; first !== undefined && made.startsWith(first); made = dirname(made))
    fs.chmodSync(made, mode);
}

function stage(
  temporary: string,
  target: string,
  change: Change,
  owner: Owner,
  user: Owner | undefined,
): void {
  const secret = isSecretPath(change.path);
  // Exclusive: a link that somebody put there is not followed.
  const mode = secret ? 0o600 : 0o644;
  const file = fs.openSync(temporary, 'wx', mode);
  try {
    fs.fchmodSync(file, mode);
    fs.writeSync(file, change.after ?? '');
    // What a container reads and nobody else.
    if (change.path.startsWith('secrets/') || change.path === SERVED) giveTo(file, owner, user);
    else if (user?.uid === 0) keepOwner(file, target);
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
}

/** The containers' user must be able to read it, and only root can give a file away. */
function giveTo(file: number, owner: Owner, user: Owner | undefined): void {
  if (user === undefined || user.uid === owner.uid) return;
  if (user.uid !== 0) {
    throw new Error(
      `CONTAINER_USER is ${owner.uid}:${owner.gid} and you are ${user.uid}:${user.gid}, so its secrets could not be read in the containers. Set CONTAINER_USER to ${user.uid}:${user.gid} in .env, or run this as root`,
    );
  }
  fs.fchownSync(file, owner.uid, owner.gid);
}

/** Root replaces somebody's file: it stays theirs. */
function keepOwner(file: number, target: string): void {
  const present = fs.statSync(target, { throwIfNoEntry: false });
  if (present !== undefined) fs.fchownSync(file, present.uid, present.gid);
}

function filesBelow(folder: string, name: string): string[] {
  let entries: fs.Dirent[];
  try {
    entries = fs.readdirSync(join(folder, name), { withFileTypes: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw new UserError(`cannot read ${join(folder, name)}: ${(error as Error).message}`);
  }
  return entries.flatMap((entry) => {
    const path = `${name}/${entry.name}`;
    if (entry.isDirectory()) return path === 'docker/runtime' ? [] : filesBelow(folder, path);
    return entry.isFile() && !entry.name.endsWith('.tmp') ? [path] : [];
  });
}

/** @returns whether others than its owner can read the file */
export function readableByOthers(path: string): boolean {
  const found = fs.statSync(path, { throwIfNoEntry: false });
  return process.platform !== 'win32' && found !== undefined && (found.mode & 0o077) !== 0;
}

function readText(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UserError(`cannot read ${path}: ${(error as Error).message}`);
  }
}
