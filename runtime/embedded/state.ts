/** The folder `.mcpgw/` of an embedded gateway: its secrets, its database, its servers and their data. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomToken } from '../config/secrets.ts';

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

function rootSecret(path: string): string {
  try {
    // 'wx': of two gateways that start at once one makes it and the other reads it.
    const secret = randomToken();
    writeFileSync(path, secret, { mode: 0o600, flag: 'wx' });
    return secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readFileSync(path, 'utf8').trim();
  }
}
