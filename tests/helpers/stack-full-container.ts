/**
 * Runs in a container with little memory: a proxy that is itself bigger than any of its children, two sessions, and a
 * server that takes all memory. Prints what became of each.
 */
import { fileURLToPath } from 'node:url';
import { RawClient, startProxy } from './stdio-proxy.ts';

const ballast = Buffer.alloc(90 * 1024 * 1024, 1);
const script = fileURLToPath(new URL('stack-hog.js', import.meta.url));
const test = await startProxy({ script });
const [alice, bob] = [new RawClient(test.url, 'alice'), new RawClient(test.url, 'bob')];
await alice.initialize();
await bob.initialize();
const hog = await bob.tool('hog');
const other = await alice.tool('anything');
await bob.initialize();
const again = await bob.tool('anything');
console.log(JSON.stringify({ hog, other, again, proxyMiB: ballast.length / 1024 ** 2 }));
process.exit(0);
