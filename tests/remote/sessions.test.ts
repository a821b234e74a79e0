/** Whose a session and its events are (invariant 12), through a remote service. */
import { describe, expect, test } from 'vitest';
import { RawClient, until } from '../helpers/stdio-proxy.ts';
import { rawServer, sdk1Server, startRemote } from './support.ts';

describe('a session', () => {
  test("has an id of the gateway's; another user's, an unknown and the server's own id are 404", async () => {
    const { url, seen } = await startRemote(sdk1Server());
    const alice = new RawClient(url);
    const id = await alice.initialize();
    const inner = String(seen.at(-1)?.headers['mcp-session-id']);
    expect(inner).not.toBe(id);
    expect(await alice.tool('echo', { message: 'hi' })).toBe('hi');
    const asked = seen.length;
    for (const [user, session] of [
      ['mallory', id],
      ['alice', inner],
      ['alice', 'made-up'],
      ['alice', `${id}, ${id}`],
    ] as const) {
      const client = new RawClient(url, user, { 'mcp-session-id': session });
      expect((await client.post(client.call('echo'))).status).toBe(404);
      expect((await client.send('GET')).status).toBe(404);
      expect((await client.send('DELETE')).status).toBe(404);
    }
    expect(seen).toHaveLength(asked);
    expect(await alice.tool('echo', { message: 'still here' })).toBe('still here');
  });

  test('ends when the server forgets it, and a client that initializes with its id gets a new one', async () => {
    let forgotten = false;
    const { url, remote } = await startRemote(
      rawServer((_, body) => {
        if (forgotten && !body.includes('initialize')) return { status: 404, text: '{}' };
        const headers = {
          'content-type': 'application/json',
          'mcp-session-id': forgotten ? 'second' : 'first',
        };
        return { headers, text: '{"jsonrpc":"2.0","id":1,"result":{}}' };
      }),
    );
    const client = new RawClient(url);
    const id = await client.initialize();
    forgotten = true;
    expect((await client.post(client.call('echo'))).status).toBe(404);
    expect(remote.stats().sessions).toBe(0);
    expect(await client.initialize()).not.toBe(id);
    expect(remote.stats().sessions).toBe(1);
  });

  test('ends by itself when it is idle, and the server is told', async () => {
    let now = Date.now();
    const { url, remote, seen } = await startRemote(sdk1Server(), {
      now: () => now,
      limits: { sessionIdleSeconds: 10 },
    });
    const client = new RawClient(url);
    await client.initialize();
    now += 11_000;
    expect((await client.post(client.call('echo'))).status).toBe(404);
    expect(remote.stats().sessions).toBe(0);
    await until(() => seen.some(({ method }) => method === 'DELETE'), 'the server is told');
  });

  test('has its number: for a user 429, for all 503', async () => {
    const { url, remote } = await startRemote(sdk1Server(), {
      limits: { maxSessions: 2, maxSessionsPerUser: 1 },
    });
    await new RawClient(url).initialize();
    const again = new RawClient(url);
    expect((await again.post(again.initializeBody())).status).toBe(429);
    await new RawClient(url, 'bob').initialize();
    const third = new RawClient(url, 'carol');
    const refused = await third.post(third.initializeBody());
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('30');
    expect(remote.stats().sessions).toBe(2);
  });
});

describe('a lost stream', () => {
  test('is taken up again by its session alone, though the server would repeat it to anybody', async () => {
    const { url } = await startRemote(sdk1Server());
    const alice = new RawClient(url);
    await alice.initialize();
    const stream = await alice.stream();
    await alice.tool('later');
    await stream.next();
    const [first] = stream.ids;
    await stream.cancel();
    await alice.tool('later');
    const again = await alice.stream({ 'last-event-id': first ?? '' });
    await until(() => again.messages.length > 0, 'what was missed is repeated');
    await again.cancel();
    const mallory = new RawClient(url, 'mallory');
    await mallory.initialize();
    for (const id of [first ?? '', (first ?? '').replace(/^[^.]*\./, ''), 'x'])
      expect((await mallory.send('GET', undefined, { 'last-event-id': id })).status).toBe(400);
  });
});
