/** How much a fetch may take: bytes, time, redirects, places, and what ends it early. */
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { callTool, connectV1, connectV2, INITIALIZE } from '../harness.ts';
import { page, redirect, startFetchs } from './support.ts';

/** Until `condition` holds. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('a body', () => {
  const limits = { maxWireBytes: 10_000, maxBodyBytes: 20_000 };

  it('is refused where it is larger than the limit, whether it says so or not', async () => {
    const { fetch, site } = await startFetchs({ limits });
    const large = Buffer.alloc(10_001, 'x');
    site.answers.set('/said', page(large, 'text/plain', { 'content-length': '10001' }));
    site.answers.set('/chunked', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).write(large);
    });
    site.answers.set('/exact', page(large.subarray(1), 'text/plain'));
    for (const path of ['/said', '/chunked']) {
      const { failed, text } = await fetch({ url: site.url(path) });
      expect([failed, text]).toEqual([true, expect.stringContaining('larger than')]);
    }
    expect(await fetch({ url: site.url('/exact') })).toMatchObject({ failed: false });
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('that is a bomb of %s is refused', async (coding, pack) => {
    const { fetch, site } = await startFetchs({ limits: { maxBodyBytes: 1024 * 1024 } });
    const bomb = pack(Buffer.alloc(50 * 1024 * 1024));
    site.answers.set('/', page(bomb, 'text/html', { 'content-encoding': coding }));
    const { failed, text } = await fetch({ url: site.url('/') });
    expect([failed, text]).toEqual([true, expect.stringContaining('larger than 1 MiB')]);
  });

  it('that is a bomb of what unpacks to nothing is refused', async () => {
    const { fetch, site } = await startFetchs({ limits: { maxBodyBytes: 1024 * 1024 } });
    const header = gzipSync('').subarray(0, 10);
    const emptyBlocks = Buffer.alloc(5 * 400_000, Buffer.from([0, 0, 0, 0xff, 0xff]));
    const end = Buffer.from([1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
    const bomb = gzipSync(Buffer.concat([header, emptyBlocks, end]));
    site.answers.set('/', page(bomb, 'text/plain', { 'content-encoding': 'gzip, gzip' }));
    const { failed, text } = await fetch({ url: site.url('/') });
    expect([failed, text]).toEqual([true, expect.stringContaining('larger than 1 MiB')]);
  });

  it('that never ends is given up in time, and its connection closed', async () => {
    const { fetch, site } = await startFetchs({ limits: { totalMs: 300 } });
    let closed = false;
    site.answers.set('/', (request, response) => {
      request.socket.on('close', () => (closed = true));
      response.writeHead(200, { 'content-type': 'text/plain' }).write('x');
    });
    const { failed, text } = await fetch({ url: site.url('/') });
    expect([failed, text]).toEqual([true, expect.stringContaining('longer than 0.3 seconds')]);
    await until(() => closed);
  });

  it('behind headers that are too large is not read', async () => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/', (request) =>
      request.socket.end(`HTTP/1.1 200 OK\r\n${`x-a: ${'a'.repeat(1_000)}\r\n`.repeat(40)}\r\nx`),
    );
    const { failed, text } = await fetch({ url: site.url('/') });
    expect([failed, text]).toEqual([true, expect.stringContaining('headers that are too large')]);
  });

  it.each([
    ['something else than HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', /not HTTP/],
    ['HTTP/0.9', '<p>hello', /not HTTP/],
    ['a status that is none', 'HTTP/1.1 99 Odd\r\ncontent-length: 1\r\n\r\nx', /not HTTP/],
    ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nx', /not HTTP/],
    ['a zero byte in a header', 'HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\nx', /not HTTP/],
    [
      'a chunk that is none',
      'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nx',
      /not HTTP/,
    ],
    ['nothing', '', /broke off/],
  ])('behind %s is none, and the site is told of, not us', async (_, bytes, reason) => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/', (request) => request.socket.end(bytes));
    const { failed, text } = await fetch({ url: site.url('/') });
    expect([failed, text]).toEqual([true, expect.stringMatching(reason)]);
  });
});

describe('redirects', () => {
  it('are followed five times, no more', async () => {
    const { fetch, site } = await startFetchs();
    for (let step = 0; step < 6; step += 1) site.answers.set(`/${step}`, redirect(`/${step + 1}`));
    site.answers.set('/6', page('end', 'text/plain'));
    expect(await fetch({ url: site.url('/1') })).toMatchObject({
      data: { content: 'end', url: site.url('/6') },
    });
    const { failed, text } = await fetch({ url: site.url('/0') });
    expect([failed, text]).toEqual([true, expect.stringContaining('more than 5 times')]);
  });
});

describe('places', () => {
  it('are so many for each user and in all; the others wait, and too many are refused', async () => {
    const { fetch, site } = await startFetchs({
      limits: { perUser: 2, total: 3, waitingPerUser: 1 },
      ignoreRobots: true,
    });
    const open: (() => void)[] = [];
    site.answers.set('/', (_request, response) => void open.push(() => response.end('x')));
    const alice = [1, 2, 3].map(() => fetch({ url: site.url('/') }, 'alice'));
    await until(() => open.length === 2);
    const bob = [1, 2].map(() => fetch({ url: site.url('/') }, 'bob'));
    await until(() => open.length === 3);
    const refused = await fetch({ url: site.url('/') }, 'alice');
    expect([refused.failed, refused.text]).toEqual([
      true,
      expect.stringContaining('2 fetches under way and 1 waiting'),
    ]);
    for (let done = 0; done < 5; done += 1) {
      await until(() => open.length > 0);
      open.shift()?.();
    }
    for (const answer of await Promise.all([...alice, ...bob])) expect(answer.failed).toBe(false);
    expect(site.requests).toHaveLength(5);
  });
});

describe('a cancelled call', () => {
  /** A page that never comes, and whether anybody still waits for it. */
  async function hanging() {
    const fetchs = await startFetchs({ ignoreRobots: true, limits: { perUser: 1 } });
    const waiting = { asked: false, left: false };
    fetchs.site.answers.set('/', (request) => {
      waiting.asked = true;
      request.socket.on('close', () => (waiting.left = true));
    });
    fetchs.site.answers.set('/other', page('other', 'text/plain'));
    return { ...fetchs, waiting };
  }

  it.each([
    ['SDK 1.x', connectV1],
    ['SDK 2.x', connectV2],
    ['SDK 2.x before 2026-07-28', (running: never, headers: never) => connectV2(running, headers, 'legacy')],
  ] as const)('ends its fetch and frees its place, by %s', async (_, connect) => {
    const fetchs = await hanging();
    const client = await connect(fetchs as never, (() => fetchs.headers('alice')) as never);
    const abort = new AbortController();
    const call = client.call('fetch', { url: fetchs.site.url('/') }, abort.signal);
    await until(() => fetchs.waiting.asked);
    abort.abort();
    await expect(call).rejects.toThrow();
    await until(() => fetchs.waiting.left);
    expect(await client.call('fetch', { url: fetchs.site.url('/other') })).toMatchObject({ failed: false });
  });

  it('ends the request for robots.txt, too, when nobody waits for it any more', async () => {
    const { url, headers, site, fetch: call } = await startFetchs();
    let [asked, left] = [0, 0];
    site.answers.set('/robots.txt', (request) => {
      asked += 1;
      request.socket.on('close', () => (left += 1));
    });
    const aborts = [new AbortController(), new AbortController()];
    const calls = aborts.map(({ signal }) =>
      fetch(`${url}/mcp`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers('alice') },
        body: JSON.stringify(callTool('fetch', { url: site.url('/') })),
        signal,
      }),
    );
    await until(() => asked === 1);
    for (const abort of aborts) abort.abort();
    await Promise.allSettled(calls);
    await until(() => left === 1);
    site.answers.set('/robots.txt', page('', 'text/plain'));
    site.answers.set('/', page('x', 'text/plain'));
    expect(await call({ url: site.url('/') })).toMatchObject({ failed: false });
  });

  it('is so where its connection closes', async () => {
    const { url, headers, site, waiting, fetch: call } = await hanging();
    const abort = new AbortController();
    const response = fetch(`${url}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers('alice') },
      body: JSON.stringify(callTool('fetch', { url: site.url('/') })),
      signal: abort.signal,
    });
    await until(() => waiting.asked);
    abort.abort();
    await expect(response).rejects.toThrow();
    await until(() => waiting.left);
    expect(await call({ url: site.url('/other') })).toMatchObject({ failed: false });
  });

  it("is answered, so that its POST ends, and is nobody else's", async () => {
    const { post, headers, site, waiting, initialize } = await hanging();
    const open = async (name: string) => ({
      ...headers(name),
      'mcp-session-id': (await initialize(name)).headers.get('mcp-session-id') ?? '',
    });
    const [alice, again, bob] = [await open('alice'), await open('alice'), await open('bob')];
    const call = post(callTool('fetch', { url: site.url('/') }, 7), alice);
    await until(() => waiting.asked);
    const cancel = (requestId: unknown) => ({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId },
    });
    for (const [id, of] of [
      [7, again],
      [7, bob],
      [8, alice],
      ['7', alice],
      [7, headers('alice')],
    ] as const)
      expect((await post(cancel(id), of)).status).toBe(202);
    expect(waiting.left).toBe(false);
    await post(cancel(7), alice);
    expect(await (await call).json()).toMatchObject({ id: 7, result: { isError: true } });
    await until(() => waiting.left);
  });
});

describe('a session of the handshake era', () => {
  it('is known to its user alone', async () => {
    const { post, headers, initialize, service } = await startFetchs();
    const id = (await initialize('alice')).headers.get('mcp-session-id') ?? '';
    const statusOf = async (session: string, name: string) =>
      (
        await post(
          { jsonrpc: '2.0', id: 1, method: 'tools/list' },
          { ...headers(name), 'mcp-session-id': session },
        )
      ).status;
    expect(await statusOf(id, 'alice')).toBe(200);
    const forged = `${id.split('.')[0]}.${createHash('sha256').update('x').digest('base64url')}`;
    for (const [session, name] of [
      [id, 'bob'],
      [forged, 'alice'],
      [`${id}x`, 'alice'],
      [`${id}.x`, 'alice'],
      ['x', 'alice'],
    ] as const)
      expect(await statusOf(session, name)).toBe(404);
    expect(service.stats()).toEqual({ sessions: 0, children: 0 });
  });

  it('has no stream and no end', async () => {
    const { url, headers } = await startFetchs();
    for (const method of ['GET', 'DELETE'])
      expect((await fetch(`${url}/mcp`, { method, headers: headers('alice') })).status).toBe(405);
  });
});

describe('progress', () => {
  const slowly = (pieces: number) => (_request: unknown, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': String(pieces * 1_000) });
    const next = (left: number) => {
      if (left === 0) return response.end();
      response.write('x'.repeat(1_000), () => setImmediate(next, left - 1));
    };
    next(pieces);
  };

  it.each([
    ['SDK 1.x', connectV1],
    ['SDK 2.x', connectV2],
  ] as const)('is told where the client asks for it, by %s', async (_, connect) => {
    const fetchs = await startFetchs({ limits: { progressEveryMs: 0 } });
    fetchs.site.answers.set('/', slowly(20));
    const client = await connect(fetchs, () => fetchs.headers('alice'));
    const told: { progress: number; total?: number | undefined }[] = [];
    const answer = await client.call('fetch', { url: fetchs.site.url('/') }, undefined, (one) =>
      told.push(one),
    );
    expect(answer.data['length']).toBe(20_000);
    expect(told.length).toBeGreaterThan(0);
    expect(told.at(-1)?.total).toBe(20_000);
    expect(told.map(({ progress }) => progress)).toEqual(
      [...new Set(told.map(({ progress }) => progress))].sort((a, b) => a - b),
    );
  });

  it('is not told where nobody asked, and the answer is JSON', async () => {
    const { post, headers, site } = await startFetchs({ limits: { progressEveryMs: 0 } });
    site.answers.set('/', slowly(5));
    const response = await post(callTool('fetch', { url: site.url('/') }), headers('alice'));
    expect(response.headers.get('content-type')).toBe('application/json');
  });
});

it('a user whose rules deny the tool has none', async () => {
  const { post, headers, site } = await startFetchs();
  const denied = headers('alice', { tools: { deny: ['fetch'] } });
  const answer = await (await post(callTool('fetch', { url: site.url('/') }), denied)).json();
  expect(answer).toMatchObject({ error: { code: -32602 } });
  expect(site.requests).toEqual([]);
  expect((await post(INITIALIZE, denied)).status).toBe(200);
});
