/** What clients may use up, and what happens when the machine has no more. */
import { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { BodyBudget } from '../../runtime/net/request-body.ts';
import {
  RawClient,
  startProxy,
  until,
  type TestProxy,
  type TestProxyOptions,
} from '../helpers/stdio-proxy.ts';

async function withProxy(options: TestProxyOptions, run: (test: TestProxy) => Promise<void>): Promise<void> {
  const test = await startProxy(options);
  try {
    await run(test);
  } finally {
    await test.close();
  }
}

/** Sends the head of a POST and the first `sent` bytes of its body. */
async function unfinished({ url, headers }: RawClient, sent: number): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  const head = Object.entries({ ...headers, host: 'x', 'content-length': sent + 1 });
  const text = `POST /mcp HTTP/1.1\r\n${head.map(([k, v]) => `${k}: ${v}`).join('\r\n')}\r\n\r\n`;
  await new Promise((resolve) => socket.write(text + ' '.repeat(sent), resolve));
  return socket;
}

describe('no file descriptors', () => {
  it('503 for the session, and the proxy goes on', () => {
    let left = 1;
    const spawn = (): ChildProcess => {
      left -= 1;
      // As node does it for EMFILE: no streams, and the error with the next tick.
      const failed = new ChildProcess();
      process.nextTick(() => failed.emit('error', new Error('spawn node EMFILE')));
      return failed;
    };
    return withProxy({ spawn }, async ({ url, proxy, logs }) => {
      const client = new RawClient(url);
      const response = await client.post(client.initializeBody());
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '30']);
      expect(await response.json()).toMatchObject({
        id: 1,
        error: { code: -32000, message: expect.stringMatching(/could not be started; try again/) },
      });
      expect(left).toBe(0);
      expect(proxy.stats()).toEqual({ sessions: 0, children: 0 });
      expect(JSON.stringify(logs)).toContain('EMFILE');
      expect((await fetch(url.replace('/mcp', '/health'))).status).toBe(200);
    });
  });
});

describe('bodies that do not end', () => {
  it('are bounded for each user and for all, and give the room back', () =>
    withProxy({ limits: { maxMessageBytes: 100_000 } }, async ({ url }) => {
      const alice = new RawClient(url, 'alice');
      const bob = new RawClient(url, 'bob');
      const carol = new RawClient(url, 'carol');
      const status = async (client: RawClient): Promise<number> =>
        (await client.post({ jsonrpc: '2.0', id: 1, method: 'ping', params: { pad: 'x'.repeat(10_000) } }))
          .status;
      const sockets: Socket[] = [];
      for (let i = 0; i < 4; i += 1) sockets.push(await unfinished(alice, 97_000));
      await until(async () => (await status(alice)) === 429, 'the user has no room');
      expect(await status(bob)).toBe(400);
      for (let i = 0; i < 4; i += 1) sockets.push(await unfinished(bob, 97_000));
      await until(async () => (await status(bob)) === 429, 'nor has the other');
      sockets.push(await unfinished(carol, 15_000));
      const refused = await until(async () => {
        const response = await carol.post({
          jsonrpc: '2.0',
          method: 'x',
          params: { pad: 'x'.repeat(20_000) },
        });
        return response.status === 503 ? response : undefined;
      }, 'nobody has room');
      expect(refused.headers.get('retry-after')).toBe('30');
      for (const socket of sockets) socket.destroy();
      await until(async () => (await status(alice)) === 400 && (await status(carol)) === 400, 'room again');
    }));

  it('are counted exactly', () => {
    const budget = new BodyBudget(100);
    expect([budget.take('a', 400), budget.take('a', 1), budget.take('b', 400), budget.take('c', 1)]).toEqual([
      undefined,
      'user-busy',
      undefined,
      'busy',
    ]);
    budget.give('a', 400);
    expect([budget.take('a', 200), budget.take('c', 200), budget.take('c', 1)]).toEqual([
      undefined,
      undefined,
      'busy',
    ]);
  });
});

describe('pending calls', () => {
  it('are bounded for each session', () =>
    withProxy({ limits: { maxPendingCalls: 2 } }, async ({ url }) => {
      const client = new RawClient(url);
      await client.initialize('2025-03-26');
      const abort = new AbortController();
      const pending = client.post(client.call('silent'), {}, abort.signal).catch(() => undefined);
      await client.tool('echo', { text: 'the call before has arrived' });
      const tooMany = await client.post([client.request('ping'), client.request('ping')]);
      expect([tooMany.status, tooMany.headers.get('retry-after')]).toEqual([429, '30']);
      expect((await client.post([client.request('ping')])).status).toBe(200);
      abort.abort();
      await pending;
      await until(
        async () => (await client.post([client.request('ping'), client.request('ping')])).status === 200,
        'room again',
      );
    }));
});

describe('servers that do not read', () => {
  const note = { jsonrpc: '2.0', method: 'notifications/made/up', params: { pad: 'x'.repeat(50_000) } };

  it('may leave less unread the more there are', () =>
    withProxy({ limits: { maxBufferedBytes: 1_000_000 } }, async ({ url }) => {
      const deaf = async (user: string): Promise<RawClient> => {
        const client = new RawClient(url, user);
        await client.initialize();
        await client.tool('deaf');
        return client;
      };
      /** @returns how many rounds it took until one was refused */
      const rounds = async (clients: RawClient[]): Promise<number> => {
        for (let round = 1; ; round += 1)
          for (const client of clients) if ((await client.post(note)).status === 503) return round;
      };
      const alone = await rounds([await deaf('alice')]);
      const others = await Promise.all(['b', 'c', 'd', 'e', 'f', 'g', 'h'].map(deaf));
      // 1 MB for one, which stays; for all eight 4 MB.
      expect(await rounds(others)).toBeLessThan(alone - 5);
    }));
});

describe('a GET stream', () => {
  it('ends at its age, and nothing is lost until the next', () =>
    withProxy({ limits: { keepAliveSeconds: 0.05, maxStreamSeconds: 0.2 } }, async ({ url }) => {
      const client = new RawClient(url);
      await client.initialize();
      const old = await client.stream();
      await client.tool('listChanged');
      expect((await old.next()).method).toBe('notifications/tools/list_changed');
      await until(() => old.closed, 'the stream ends');
      expect(old.comments.length).toBeGreaterThan(0);
      await client.tool('listChanged');
      const next = await client.stream();
      expect((await next.next()).method).toBe('notifications/tools/list_changed');
      await next.cancel();
    }));

  it('that never ends by itself does not keep a session from its end', () =>
    withProxy(
      { limits: { keepAliveSeconds: 0.05, maxStreamSeconds: 0.2, sessionIdleSeconds: 0.2 } },
      async ({ url, proxy }) => {
        const client = new RawClient(url);
        await client.initialize();
        await client.stream();
        await until(() => proxy.stats().sessions === 0, 'the session is over');
      },
    ));
});
