/** `fetchs` alone in a process, before a site of its own: what its memory is, nothing else adds to. Speaks by IPC. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FETCH_LIMITS } from '../../runtime/services/fetchs/limits.ts';
import { Fetcher } from '../../runtime/services/fetchs/fetcher.ts';

const PUBLIC = '93.184.215.14';
const PARAGRAPH = `<p>${'Some words of a page, with <a href="/there">a link</a>. '.repeat(20)}</p>`;

const pages = new Map<string, string>();
const site = createServer((request, response) => {
  const body = pages.get(request.url ?? '');
  response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'text/html' }).end(body);
});
await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
const { port } = site.address() as AddressInfo;

const fetcher = new Fetcher({
  limits: { ...FETCH_LIMITS, convertMs: 30_000 },
  version: '0.0.0',
  ignoreRobots: false,
  allowedHosts: [],
  now: Date.now,
  guard: {
    resolve: () => Promise.resolve([{ address: PUBLIC, family: 4 }]),
    standIns: new Map([[PUBLIC, '127.0.0.1']]),
  },
});

process.on('message', ({ bytes, count }: { bytes: number; count: number }) => {
  void measure(bytes, count).then((answer) => process.send?.(answer));
});
process.send?.({ rss: process.memoryUsage.rss() });

/** @returns milliseconds for all, and the largest RSS meanwhile */
async function measure(bytes: number, count: number): Promise<{ ms: number; rss: number }> {
  pages.set(
    '/',
    `<html><body><main>${PARAGRAPH.repeat(Math.ceil(bytes / PARAGRAPH.length))}</main></body></html>`.slice(
      0,
      bytes,
    ),
  );
  let rss = 0;
  const timer = setInterval(() => (rss = Math.max(rss, process.memoryUsage.rss())), 20);
  const started = performance.now();
  const one = (user: string) =>
    fetcher.fetch({ url: new URL(`http://site.example:${port}/`), method: 'GET', headers: {} }, false, {
      user,
      signal: new AbortController().signal,
      onBytes: () => undefined,
    });
  await Promise.all(Array.from({ length: count }, (_, index) => one(String(index))));
  clearInterval(timer);
  return { ms: performance.now() - started, rss: Math.max(rss, process.memoryUsage.rss()) };
}
