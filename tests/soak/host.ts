/**
 * A proxy in a process of its own, to be forked. Arguments: its process model, the marker of its children, and its limits as
 * JSON. Tells its URL, and answers each message with what it uses.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { silentLogger } from '../../runtime/config/log.ts';
import type { ProxyLimits, ProxyOptions } from '../../runtime/proxy/app.ts';
import { fixtureCommand, startProxy } from '../helpers/stdio-proxy.ts';

export interface HostUsage {
  sessions: number;
  children: number;
  starts: number;
  /** Heap and what hangs on it, in bytes, after a garbage collection. */
  memory: number;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const [model = 'session', marker = '', limits = '{}'] = process.argv.slice(2);
const faults: string[] = [];
process.on('unhandledRejection', (reason) => faults.push(String(reason)));
const test = await startProxy({
  process: model as NonNullable<ProxyOptions['process']>,
  command: () => fixtureCommand([marker]),
  limits: JSON.parse(limits) as Partial<ProxyLimits>,
  logger: silentLogger,
});
process.on('message', () => {
  if (faults.length > 0) throw new Error(`unhandled: ${faults.join('; ')}`);
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  const { starts } = test.proxy.childStats();
  process.send?.({ ...test.proxy.stats(), starts, memory: heapUsed + external } satisfies HostUsage);
});
process.on('disconnect', () => process.exit(0));
process.send?.(test.url);
