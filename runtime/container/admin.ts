/**
 * The command line of the admin API in the container of auth: `main.js admin VERB …`, which `docker compose exec` runs.
 * The root secret is read where it is, so it is in no argument and leaves the container in no form.
 */
import { callAdmin } from '../auth/admin/call.ts';
import { ConfigError } from '../config/faults.ts';
import { gather } from '../config/load.ts';

/** On the container's own loopback, where nothing outside of it can come from. */
export const ADMIN_PORT = 8081;

const ROOT_SECRET = 'GATEWAY_JWT_SECRET';

/**
 * Asks the admin API of this container.
 * @param words as `callAdmin` takes them
 * @returns the answer as JSON: `{"status": 200, "body": …}`
 * @throws ConfigError, AdminUsageError, TypeError when auth does not answer
 */
export async function askAdmin(
  words: string[],
  environment: Record<string, string | undefined>,
): Promise<string> {
  const rootSecret = gather(environment, {}, [ROOT_SECRET])[ROOT_SECRET];
  if (rootSecret === undefined)
    throw new ConfigError([{ key: `${ROOT_SECRET}_FILE`, problem: 'is missing' }]);
  const origin = `http://127.0.0.1:${ADMIN_PORT}`;
  return JSON.stringify(await callAdmin(words, { origin, rootSecret, nowMs: Date.now() }));
}
