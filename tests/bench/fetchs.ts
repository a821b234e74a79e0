/** What `fetchs` takes: memory at rest and with large pages, and the time of a page. It has no bars. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchOptions } from './main.ts';

const SERVICE = fileURLToPath(new URL('fetchs-service.ts', import.meta.url));
const MIB = 1024 * 1024;

export async function benchFetchs({ short, print }: BenchOptions): Promise<void> {
  const child = fork(SERVICE, { execArgv: [] });
  const next = async () => ((await once(child, 'message')) as [{ rss: number; ms?: number }])[0];
  const mib = (bytes: number) => `${Math.round(bytes / MIB)} MiB`;
  print(`at rest, no page yet: ${mib((await next()).rss)}`);
  const runs: [what: string, bytes: number, count: number][] = [
    ['a first page of 20 kB', 20_000, 1],
    ['a page of 20 kB', 20_000, 1],
    ['100 pages of 20 kB at once', 20_000, 100],
    ['a page of 1 MB', 1_000_000, 1],
    ['a page of 5 MB', 5_000_000, 1],
    ...(short ? [] : [['16 pages of 5 MB at once', 5_000_000, 16] as [string, number, number]]),
  ];
  for (const [what, bytes, count] of runs) {
    child.send({ bytes, count });
    const { ms = 0, rss } = await next();
    print(`${what}: ${Math.round(ms)} ms, at most ${mib(rss)}`);
  }
  child.kill();
  await once(child, 'exit');
}
