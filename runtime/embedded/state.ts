/** The folder `.mcpgw/` of an embedded gateway: its secrets, its database, its servers and their data. */
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MIN_ROOT_SECRET_LENGTH, randomToken } from '../config/secrets.ts';
import { EmbeddedError } from './embedded-error.ts';

export interface State {
  /** The root secret, made at the first start. */
  rootSecret: string;
  databasePath: string;
  /** Installed server packages. */
  packages: string;
  /** What servers store, a folder for each service. */
  data: string;
}

const DATABASE = 'mcpgw.db';
const ROOT_SECRET = 'root-secret';

/**
 * @param folder absolute path of `.mcpgw`
 * @param fresh forget clients, tokens and keys; packages and what servers stored stay
 */
export function openState(folder: string, fresh: boolean): State {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  // Secrets and people's data: `git add` must not take them along.
  writeFileSync(join(folder, '.gitignore'), '*\n');
  if (fresh) {
    for (const name of [DATABASE, `${DATABASE}-wal`, `${DATABASE}-shm`, ROOT_SECRET])
      rmSync(join(folder, name), { force: true });
  }
  return {
    rootSecret: rootSecret(rootSecretPath(folder)),
    databasePath: join(folder, DATABASE),
    packages: join(folder, 'packages'),
    data: join(folder, 'data'),
  };
}

export function rootSecretPath(folder: string): string {
  return join(folder, ROOT_SECRET);
}

/**
 * Reads the root secret, or makes it: whole or not at all, and of two gateways that start at once the one that is
 * second reads what the first has made.
 * @throws EmbeddedError for one that is too short to be a secret
 */
function rootSecret(path: string): string {
  if (!existsSync(path)) {
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, randomToken(), { mode: 0o600 });
    try {
      linkSync(draft, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }
  const secret = readFileSync(path, 'utf8').trim();
  if (secret.length < MIN_ROOT_SECRET_LENGTH) {
    throw new EmbeddedError(
      `${path} is damaged: it is too short for a root secret; put the former one back, or start with --fresh`,
    );
  }
  return secret;
}
