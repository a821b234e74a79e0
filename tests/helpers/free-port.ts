/** Ports for what a test starts by itself and so cannot ask for port 0: a container, a `redis-server`, a command. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below what systems give to port 0 and to outgoing connections (Linux: 32768 and up), which take any of those between
 * choice and use; above the ports that `fetch` refuses (the last is 10080).
 */
export const FIRST_PORT = 11_000;
export const LAST_PORT = 31_999;
const ATTEMPTS = 1_000;

const given = new Set<number>();

/**
 * A port that nobody listens on at this address, and that this process was never given before, for whatever address.
 * @param candidate for tests
 * @throws Error when none is found
 */
export async function freePort(
  address = '127.0.0.1',
  candidate = () => randomInt(FIRST_PORT, LAST_PORT + 1),
): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = candidate();
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(address, port)) return port;
  }
  throw new Error(`no port from ${FIRST_PORT} to ${LAST_PORT} of ${address} is free`);
}

async function isFree(address: string, port: number): Promise<boolean> {
  const server = createServer().listen(port, address);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
