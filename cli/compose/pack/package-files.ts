/**
 * The part of mcpgw's own package that containers run: the compiled runtime, the service catalog, and the two files
 * that pin its dependencies. The CLI is not in it, so that a change of a command builds no image anew.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors.ts';

/** Folders of the package, as they are. */
const FOLDERS = ['dist/runtime', 'templates/services'];

interface LockEntry {
  dev?: boolean;
  devOptional?: boolean;
  [name: string]: unknown;
}

interface Lock {
  packages: Record<string, LockEntry>;
  [name: string]: unknown;
}

/**
 * @param root folder of mcpgw's package: installed, or a clone that was built
 * @returns content by path below `package/`
 * @throws UserError when the clone was not built
 */
export function packageFiles(root: string): Map<string, Uint8Array> {
  if (!existsSync(join(root, 'dist', 'runtime'))) {
    throw new UserError(`${join(root, 'dist')} is missing. In a clone, run: npm ci && npm run build`);
  }
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  const files = new Map<string, Uint8Array>();
  const add = (path: string, content: Uint8Array) => files.set(`package/${path}`, content);
  for (const path of FOLDERS.flatMap((folder) => filesBelow(root, folder)))
    add(path, readFileSync(join(root, path)));
  add('package.json', json(runtimeManifest(manifest)));
  add('npm-shrinkwrap.json', json(shrinkwrap(readLock(root), manifest)));
  return files;
}

function filesBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .replaceAll('\\', '/'),
    );
}

/** An installed package brings its shrinkwrap along; in a clone the lock file says the same, with development packages. */
function readLock(root: string): Lock {
  const path = ['npm-shrinkwrap.json', 'package-lock.json'].map((name) => join(root, name)).find(existsSync);
  if (path === undefined) throw new UserError(`${root} has no npm-shrinkwrap.json. Install mcpgw again.`);
  return JSON.parse(readFileSync(path, 'utf8')) as Lock;
}

/** What npm reads of `package.json`; the rest may change without a new installation of the dependencies. */
export function runtimeManifest({
  name,
  version,
  type,
  dependencies,
}: Record<string, unknown>): Record<string, unknown> {
  return { name, version, type, dependencies };
}

/** The lock file without what only development needs, and with a root entry that agrees with `runtimeManifest`. */
export function shrinkwrap(lock: Lock, manifest: Record<string, unknown>): Lock {
  const { name, version, dependencies } = manifest;
  const kept = Object.entries(lock.packages).filter(
    ([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional,
  );
  return {
    ...lock,
    name,
    version,
    packages: { '': { name, version, dependencies }, ...Object.fromEntries(kept) },
  };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
