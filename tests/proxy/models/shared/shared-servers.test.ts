/** Many sessions of one child: who gets which answer, and who hears of what. */
import { spawn as nodeSpawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { MAX_SUBSCRIPTIONS } from '../../../../runtime/proxy/models/shared/subscriptions.ts';
import {
  contextOf,
  Events,
  Gate,
  processesWith,
  RawClient,
  until,
  type Loose,
  type TestProxyOptions,
} from '../../../helpers/stdio-proxy.ts';
import { seenBy, useSessions } from './sessions.ts';

const { start, session } = useSessions('user');

describe('a child for each user', () => {
  it('serves all sessions of the user, and nobody else', async () => {
    const { proxy } = await start();
    const [one, two, other] = [await session(), await session(), await session('bob')];
    const [first, second, third] = await Promise.all([one.tool('pid'), two.tool('pid'), other.tool('pid')]);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
    expect(proxy.stats()).toEqual({ sessions: 3, children: 2 });
  });

  it('is started once for sessions that open at the same moment', async () => {
    const { proxy } = await start();
    const all = await Promise.all(Array.from({ length: 20 }, () => session()));
    const pids = await Promise.all(all.map((client) => client.tool('pid')));
    expect(new Set(pids).size).toBe(1);
    expect(proxy.childStats()).toMatchObject({ children: 1, starts: 1 });
  });

  it('gives each session the answers of its own calls, whatever their ids', async () => {
    await start();
    const all = await Promise.all(Array.from({ length: 10 }, () => session()));
    const answers = await Promise.all(
      all.flatMap((client, index) =>
        Array.from({ length: 10 }, async (_each, call) => {
          const text = `${index}:${call}`;
          const id = call % 2 === 0 ? call : String(call - 1);
          const response = await client.post(client.call('echo', { text }, id));
          const { result, id: own } = (await response.json()) as Loose;
          return own === id && result.content[0].text === text;
        }),
      ),
    );
    expect(answers.every(Boolean)).toBe(true);
  });

  it('reports progress to its call, under the token of its client', async () => {
    await start();
    const clients = [await session(), await session()];
    const streams = await Promise.all(
      clients.map(async (client) => {
        const params = { name: 'progress', arguments: { count: 2 }, _meta: { progressToken: 'same' } };
        return new Events(await client.post(client.request('tools/call', params)));
      }),
    );
    for (const events of streams) {
      await events.next(2);
      const methods = events.messages.map(({ method, params }) => [method, params?.progressToken]);
      expect(methods).toEqual([
        ['notifications/progress', 'same'],
        ['notifications/progress', 'same'],
        [undefined, undefined],
      ]);
    }
  });

  it('asks the one session that has a call under way, if its client can answer', async () => {
    await start();
    const [able, other, unable] = [await session(), await session(), await session('alice', {})];
    const events = new Events(await able.post(able.call('ask')));
    const asked = await events.next();
    expect(asked.method).toBe('sampling/createMessage');
    await other.post({ jsonrpc: '2.0', id: asked.id, result: { forged: true } });
    await able.post({ jsonrpc: '2.0', id: asked.id, result: { by: 'able' } });
    expect((await events.next(1)).result.content[0].text).toBe('{"by":"able"}');
    const refused = await unable.tool('askWhat', { method: 'sampling/createMessage', params: {} });
    expect(JSON.parse(refused)).toMatchObject({ error: { code: -32601 } });
  });

  it('is refused an answer when it cannot be told who is asked', async () => {
    await start();
    const [one, two] = [await session(), await session()];
    const gate = new Gate();
    const waiting = one.tool('wait', gate.args);
    await gate.begun();
    const refused = await two.tool('askWhat', { method: 'sampling/createMessage', params: {} });
    expect(JSON.parse(refused)).toMatchObject({ error: { code: -32601 } });
    gate.open();
    expect(await waiting).toBe('waited');
  });

  it('tells all sessions of changed lists, and of a resource those that subscribed', async () => {
    await start();
    const [one, two] = [await session(), await session()];
    const [first, second] = [await one.stream(), await two.stream()];
    const uri = 'test://a';
    await (await one.post(one.request('resources/subscribe', { uri }))).json();
    await two.tool('update', { uri });
    expect(await first.next()).toMatchObject({ method: 'notifications/resources/updated', params: { uri } });
    await two.tool('listChanged');
    expect(await first.next(1)).toMatchObject({ method: 'notifications/tools/list_changed' });
    expect(await second.next()).toMatchObject({ method: 'notifications/tools/list_changed' });
    await (await two.post(two.request('resources/subscribe', { uri }))).json();
    expect(await (await one.post(one.request('resources/unsubscribe', { uri }))).json()).toMatchObject({
      result: {},
    });
    await two.send('DELETE');
    const three = await session();
    await until(
      async () =>
        (await seenBy(three)).filter(({ method }) => method === 'resources/unsubscribe').length === 1,
      'the last subscription ended with its session',
    );
  });

  it('subscribes each session to a bounded number of resources, of bounded length', async () => {
    await start();
    const [one, two] = [await session(), await session()];
    const subscribe = async (client: RawClient, uri: string): Promise<Loose> =>
      (await client.post(client.request('resources/subscribe', { uri }))).json();
    for (let i = 0; i < MAX_SUBSCRIPTIONS; i += 1)
      expect(await subscribe(one, `test://${i}`)).toMatchObject({ result: {} });
    expect((await subscribe(one, 'test://more')).error.message).toContain('unsubscribe from one');
    // Once more is no further one.
    expect(await subscribe(one, 'test://0')).toMatchObject({ result: {} });
    expect((await subscribe(two, `test://${'x'.repeat(8_192)}`)).error.code).toBe(-32602);
    expect(await subscribe(two, 'test://more')).toMatchObject({ result: {} });
  });

  it('logs as much as the session that wants most, and to each what it wants', async () => {
    await start();
    const [one, two] = [await session(), await session()];
    await (await one.post(one.request('logging/setLevel', { level: 'error' }))).json();
    await (await two.post(two.request('logging/setLevel', { level: 'debug' }))).json();
    await (await one.post(one.request('logging/setLevel', { level: 'warning' }))).json();
    expect((await seenBy(one)).filter(({ method }) => method === 'logging/setLevel')).toEqual([
      { method: 'logging/setLevel', params: { level: 'error' } },
      { method: 'logging/setLevel', params: { level: 'debug' } },
    ]);
    expect(await one.tool('log')).toBe('logged');
  });

  it('that died is started again: pending calls get an error, sessions and subscriptions live on', async () => {
    const { proxy } = await start();
    const [one, two] = [await session(), await session()];
    await (await one.post(one.request('resources/subscribe', { uri: 'test://a' }))).json();
    const pending = two.tool('silent');
    const before = await one.tool('pid');
    expect(await one.tool('crash')).toContain('exited with code 3');
    expect(await pending).toContain('exited with code 3');
    const [after, also] = await Promise.all([one.tool('pid'), two.tool('pid')]);
    expect(after).not.toBe(before);
    expect(also).toBe(after);
    expect(proxy.childStats()).toMatchObject({ starts: 2 });
    expect((await seenBy(one)).map(({ method }) => method)).toEqual([
      'notifications/initialized',
      'resources/subscribe',
    ]);
  });

  it('that dies again and again is not started with each call', async () => {
    let nowMs = Date.now();
    const { proxy, url } = await start({ now: () => nowMs });
    const client = await session();
    await client.tool('crash');
    await client.tool('crash');
    expect(await client.tool('pid')).toMatch(/ended 2 times soon after its start; try again later/);
    expect((await new RawClient(url).post(client.initializeBody())).headers.get('retry-after')).toBe('1');
    expect(proxy.childStats().starts).toBe(2);
    nowMs += 1000;
    const pid = await client.tool('pid');
    expect(pid).toMatch(/^\d+$/);
    nowMs += 60_000;
    await client.tool('crash');
    expect(await client.tool('pid')).not.toBe(pid);
  });

  it('that cannot be started again is said so, and the log has why, which is not for clients', async () => {
    let spawned = 0;
    const spawn: TestProxyOptions['spawn'] = ({ file, args, env }) => {
      spawned += 1;
      if (spawned > 1) throw new Error('spawn /srv/secret EINVAL');
      return nodeSpawn(file, args, { env, detached: true, stdio: 'pipe' });
    };
    const { logs } = await start({ spawn });
    const client = await session();
    await client.tool('crash');
    expect(await client.tool('pid')).toMatch(/could not be started; its log says why/);
    const told = logs.find(({ message }) => message === 'server could not be started');
    expect(told).toMatchObject({ level: 'error', fields: { reason: 'spawn /srv/secret EINVAL' } });
  });

  it('is told when a client gives a call up, and by a session that ends', async () => {
    await start();
    const [one, two] = [await session(), await session()];
    const pending = one.post(one.call('silent', {}, 'mine'));
    await one.tool('pid');
    const params = { requestId: 'mine', reason: 'enough' };
    await one.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
    await (await pending).text();
    void one.post(one.call('silent', {}, 'other'));
    await one.tool('pid');
    await one.send('DELETE');
    const reasons = (await seenBy(two))
      .filter(({ method }) => method === 'notifications/cancelled')
      .map(({ params: { reason } }) => reason as string);
    expect(reasons).toEqual(['enough', 'The session ended']);
  });

  it('hears what its clients tell on their own, and once that it is initialized', async () => {
    await start();
    const all = [await session(), await session()];
    for (const [at, client] of all.entries())
      await client.post({ jsonrpc: '2.0', method: 'notifications/x', params: { at } });
    const seen = await seenBy(all[0]!);
    expect(seen.filter(({ method }) => method === 'notifications/x').map(({ params }) => params.at)).toEqual([
      0, 1,
    ]);
    expect(seen.filter(({ method }) => method === 'notifications/initialized')).toHaveLength(1);
  });

  it('may be asking for a call that was given up just now, so that no other client is asked', async () => {
    let nowMs = Date.now();
    await start({ now: () => nowMs });
    const one = await session();
    const two = await session();
    for (const [at, client] of [one, two].entries())
      client.headers['x-mcpgw-context'] = contextOf('alice', { clientId: `client-${at}` });
    const given = one.post(one.call('silent', {}, 'given'));
    await one.tool('echo', { text: 'the call before has arrived' });
    await one.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'given' } });
    await (await given).text();
    const ask = two.call('askWhat', { method: 'sampling/createMessage' });
    expect(await (await two.post(ask)).text()).toContain('-32601');
    nowMs += 1_000;
    const events = new Events(await two.post(two.call('ask')));
    expect(await events.next()).toMatchObject({ method: 'sampling/createMessage' });
  });

  it('whose calls may not overlap gets one after the other, and a call that is given up before never', async () => {
    await start({ serialCalls: true });
    const [one, two] = [await session(), await session()];
    const order: string[] = [];
    const slow = one.tool('sleep', { ms: 300 }).then(() => order.push('slow'));
    // Nothing else waits for a call.
    await (await two.post(two.request('tools/list'))).json();
    expect(order).toEqual([]);
    const gone = new AbortController();
    const left = two
      .post(two.call('silent', {}, 'left'), {}, gone.signal)
      .then((response) => response.text());
    const quick = two.tool('echo', { text: 'quick' }).then((text) => order.push(text));
    const params = { requestId: 'left' };
    await two.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
    await left;
    await Promise.all([slow, quick]);
    expect(order).toEqual(['slow', 'quick']);
    expect((await seenBy(one)).map(({ method }) => method)).not.toContain('notifications/cancelled');
  });

  it('outlives its sessions by its idle time', async () => {
    const marker = `--marker=${randomUUID()}`;
    let nowMs = Date.now();
    await start({ args: [marker], now: () => nowMs });
    const client = await session();
    const pid = await client.tool('pid');
    await client.send('DELETE');
    expect(processesWith(marker).map(String)).toEqual([pid]);
    const again = await session();
    expect(await again.tool('pid')).toBe(pid);
    await again.send('DELETE');
    nowMs += 3_600_000;
    await until(() => processesWith(marker).length === 0, 'the child is gone');
  });

  it('makes room when nobody uses it', async () => {
    const { proxy, url } = await start({ limits: { maxChildren: 1 } });
    const client = await session();
    expect((await new RawClient(url, 'bob').post(client.initializeBody())).status).toBe(503);
    await client.send('DELETE');
    await session('bob');
    expect(proxy.childStats().starts).toBe(2);
  });

  it('that cannot start is 502, and then 503 with the reason', async () => {
    const { url } = await start({ args: ['--exit-on-init'] });
    const client = new RawClient(url);
    const statuses: number[] = [];
    let text = '';
    for (let time = 0; time < 3; time += 1) {
      const response = await client.post(client.initializeBody());
      statuses.push(response.status);
      text = await response.text();
    }
    expect(statuses).toEqual([502, 502, 503]);
    expect(text).toContain('cannot start: exited with code 1');
  });

  it('answers each session in the version that it asks for', async () => {
    const { url } = await start({ args: ['--version=2025-06-18'] });
    const versionFor = async (version: string): Promise<string> => {
      const client = new RawClient(url);
      const response = await client.post(client.initializeBody(version));
      return ((await response.json()) as Loose).result.protocolVersion as string;
    };
    expect(await versionFor('2025-11-25')).toBe('2025-06-18');
    expect(await versionFor('2025-06-18')).toBe('2025-06-18');
    expect(await versionFor('2025-03-26')).toBe('2025-03-26');
  });
});
