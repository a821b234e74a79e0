/**
 * A proxy in a process of its own, to be forked: its memory is then nobody else's. Arguments: the marker of its
 * children, and its limits as JSON. Tells its URL, and answers each message with what it uses.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { silentLogger } from '../../runtime/config/log.ts';
import type { ProxyLimits } from '../../runtime/proxy/app.ts';
import { FIXTURE, fixtureCommand, startProxy, WRAPPER } from './stdio-proxy.ts';

export interface HostUsage {
  sessions: number;
  children: number;
  /** Heap and what hangs on it, in bytes, after a garbage collection. */
  memory: number;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const [marker = '', limits = '{}'] = process.argv.slice(2);
let started = 0;
const test = await startProxy({
  // Every fourth server is behind a wrapper, as with npx.
  command: () => fixtureCommand([marker], (started += 1) % 4 === 0 ? WRAPPER : FIXTURE),
  limits: JSON.parse(limits) as Partial<ProxyLimits>,
  logger: silentLogger,
});
process.on('message', () => {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ ...test.proxy.stats(), memory: heapUsed + external } satisfies HostUsage);
});
process.on('disconnect', () => process.exit(0));
process.send?.(test.url);
