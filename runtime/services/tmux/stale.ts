/** What a process that was killed has left in a user's folder. */
import { readdir, rm, stat } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Removes the folders of servers that no longer run.
 * @param homes the folder of those folders
 * @param own which of them is in use by us
 */
export async function removeStale(homes: string, own: string): Promise<void> {
  const names = await readdir(homes).catch(() => []);
  const others = names.map((name) => join(homes, name)).filter((path) => path !== own);
  await Promise.all(
    others.map(async (home) => {
      if (await isDead(home)) await rm(home, { recursive: true, force: true });
    }),
  );
}

/** Nobody listens on the socket; or there is none, and nobody has been about to make one for a day. */
async function isDead(home: string): Promise<boolean> {
  const reason = await refusal(join(home, 'socket'));
  if (reason !== 'ENOENT') return reason === 'ECONNREFUSED';
  const made = await stat(home).catch(() => undefined);
  return made !== undefined && Date.now() - made.mtimeMs > DAY_MS;
}

function refusal(socket: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const connection = createConnection(socket);
    connection.on('connect', () => {
      connection.destroy();
      resolve(undefined);
    });
    connection.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
}
