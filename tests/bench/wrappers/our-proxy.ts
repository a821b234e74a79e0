/**
 * Our proxy as a process of its own, as the others are.
 *
 *     node tests/bench/wrappers/our-proxy.ts OPTIONS_JSON COMMAND ARGS…
 *
 * Tells the parent its port, over the IPC channel.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger } from '../../../runtime/config/log.ts';
import { createProxy, type ProxyOptions } from '../../../runtime/proxy/app.ts';
import { BENCH_KEY, BENCH_SERVICE } from './caller.ts';

const [options = '{}', file = '', ...args] = process.argv.slice(2);
const proxy = createProxy({
  service: BENCH_SERVICE,
  command: () => ({ file, args, env: { PATH: process.env['PATH'] ?? '' } }),
  contextKey: BENCH_KEY,
  allowedOrigins: [],
  logger: silentLogger,
  ...(JSON.parse(options) as Partial<ProxyOptions>),
});
const server = createServer((req, res) => proxy.handle(req, res)).listen(0, '127.0.0.1');
await once(server, 'listening');
process.send?.((server.address() as AddressInfo).port);
const stop = (): void => void proxy.close(1000).then(() => process.exit(0));
process.once('disconnect', stop);
process.once('SIGTERM', stop);
