/** What comes on the stream of a call, what ends it, and the streams of `subscriptions/listen`. */
import { afterEach, describe, expect, it } from 'vitest';
import { ModernClient } from '../../helpers/modern-client.ts';
import {
  Events,
  Gate,
  startProxy,
  until,
  type Loose,
  type TestProxy,
  type TestProxyOptions,
} from '../../helpers/stdio-proxy.ts';

let test: TestProxy;
afterEach(() => test.close());

async function start(options: TestProxyOptions = {}): Promise<ModernClient> {
  test = await startProxy({ args: ['--changes'], ...options });
  return new ModernClient(test.url);
}

const seenBy = async (client: ModernClient): Promise<Loose[]> => JSON.parse(await client.tool('seen'));
const methods = (events: Events): string[] => events.messages.map(({ method }) => method).filter(Boolean);

describe('the stream of a call', () => {
  it('carries its progress under its own token', async () => {
    const client = await start();
    const params = (token: string | number): Loose => ({
      name: 'progress',
      arguments: { count: 2 },
      _meta: { progressToken: token },
    });
    const [one, two] = await Promise.all([
      client.events('tools/call', params('t')),
      client.events('tools/call', params(1)),
    ]);
    await Promise.all([one.next(2), two.next(2)]);
    expect(one.messages.slice(0, 2).map((message) => message.params.progressToken)).toEqual(['t', 't']);
    expect(two.messages.slice(0, 2).map((message) => message.params.progressToken)).toEqual([1, 1]);
    expect(one.messages[2].result.resultType).toBe('complete');
  });

  it('carries log messages only when asked, from the level on that was asked for', async () => {
    const client = await start();
    const levels = ['debug', 'warning', 'error'];
    const quiet = await client.post(client.body('tools/call', { name: 'logs', arguments: { levels } }));
    expect(quiet.headers.get('content-type')).toBe('application/json');
    await quiet.text();
    const _meta = { 'io.modelcontextprotocol/logLevel': 'warning' };
    const events = await client.events('tools/call', { name: 'logs', arguments: { levels }, _meta });
    await events.next(2);
    expect(events.messages.slice(0, 2).map(({ params }) => params.level)).toEqual(['warning', 'error']);
    const set = (await seenBy(client)).filter(({ method }) => method === 'logging/setLevel');
    expect(set.map(({ params }) => params.level)).toEqual(['warning']);
  });

  it('cancels the call in the child when it is closed', async () => {
    const client = await start();
    const abort = new AbortController();
    const call = client.post(client.body('tools/call', { name: 'silent' }), {}, abort.signal);
    await client.tool('echo');
    abort.abort();
    await call.catch(() => undefined);
    const cancelled = await until(
      async () => (await seenBy(client)).find(({ method }) => method === 'notifications/cancelled'),
      'the child is told',
    );
    expect(cancelled.params.reason).toContain('went away');
  });

  it('is none for a client that takes only JSON, and begins with the answer for one that takes only streams', async () => {
    const client = await start({ limits: { keepAliveSeconds: 0.02 } });
    const gate = new Gate();
    const params = { name: 'progress', arguments: { count: 3 }, _meta: { progressToken: 1 } };
    const json = await client.post(client.body('tools/call', params), { accept: 'application/json' });
    expect(json.headers.get('content-type')).toBe('application/json');
    expect(((await json.json()) as Loose).result.content[0].text).toBe('done');
    const waits = client.post(client.body('tools/call', { name: 'wait', arguments: gate.args }), {
      accept: 'application/json',
    });
    const seen = await client.events('tools/call', { name: 'silent', arguments: {} });
    // Both are older by then than a call that is left without a sign of life.
    await gate.begun();
    await until(() => seen.comments.length > 1, 'two comments');
    gate.open();
    expect((await waits).headers.get('content-type')).toBe('application/json');
    await seen.cancel();
    const echo = client.body('tools/call', { name: 'echo', arguments: { text: 'x' } });
    const events = new Events(await client.post(echo, { accept: 'text/event-stream' }));
    expect(events.headers.get('content-type')).toBe('text/event-stream');
    expect((await events.next()).result.content[0].text).toBe('x');
  });

  it('is kept alive', async () => {
    const client = await start({ limits: { keepAliveSeconds: 0.05 } });
    const gate = new Gate();
    const events = await client.events('tools/call', { name: 'wait', arguments: gate.args });
    await until(() => events.comments.length > 1, 'two comments');
    gate.open();
    expect((await events.next()).result.content[0].text).toBe('waited');
  });
});

describe('subscriptions/listen', () => {
  it('is acknowledged with what can be told, and tells of nothing else', async () => {
    const client = await start();
    const notifications = { toolsListChanged: true, promptsListChanged: true };
    const events = new Events(
      await client.post(client.body('subscriptions/listen', { notifications }, 'sub')),
    );
    expect(await events.next()).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: {
        notifications: { toolsListChanged: true },
        _meta: { 'io.modelcontextprotocol/subscriptionId': 'sub' },
      },
    });
    await client.tool('update', { uri: 'test://a' });
    await client.tool('listChanged');
    expect(await events.next(1)).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/tools/list_changed',
      params: { i: 0, _meta: { 'io.modelcontextprotocol/subscriptionId': 'sub' } },
    });
    await events.cancel();
  });

  it.each(['prompts', 'resources'])('tells who listens for tools nothing of changed %s', async (list) => {
    const client = await start();
    const notifications = { toolsListChanged: true };
    const events = await client.events('subscriptions/listen', { notifications });
    await events.next();
    const changed = { jsonrpc: '2.0', method: `notifications/${list}/list_changed` };
    await client.tool('notification', { json: JSON.stringify(changed) });
    await client.tool('notification', { json: '{"jsonrpc":"2.0","method":"notifications/made/up"}' });
    await client.tool('listChanged');
    expect((await events.next(1)).method).toBe('notifications/tools/list_changed');
    await events.cancel();
  });

  it('ends at its age, so that its client comes again with a token that holds', async () => {
    const client = await start({ limits: { keepAliveSeconds: 0.05, maxStreamSeconds: 0.1 } });
    const notifications = { toolsListChanged: true };
    const events = await client.events('subscriptions/listen', { notifications });
    await until(() => events.closed, 'the end');
    // Without a result, which would say that nothing more comes.
    expect(methods(events)).toEqual(['notifications/subscriptions/acknowledged']);
    expect(events.messages).toHaveLength(1);
  });

  it('subscribes to resources while it is open, once for all streams', async () => {
    const client = await start();
    const listen = (uris: string[]): Promise<Events> =>
      client.events('subscriptions/listen', { notifications: { resourceSubscriptions: uris } });
    const [one, two] = await Promise.all([listen(['test://a']), listen(['test://a', 'test://b'])]);
    await Promise.all([one.next(), two.next()]);
    await client.tool('update', { uri: 'test://a' });
    await client.tool('update', { uri: 'test://b' });
    expect((await two.next(2)).params.uri).toBe('test://b');
    expect((await one.next(1)).params.uri).toBe('test://a');
    expect(one.messages).toHaveLength(2);
    await Promise.all([one.cancel(), two.cancel()]);
    const calls = await until(async () => {
      const seen = (await seenBy(client)).filter(({ method }) => method.endsWith('subscribe'));
      return seen.length === 4 ? seen : undefined;
    }, 'all is unsubscribed');
    expect(calls.map(({ method }) => method).sort()).toEqual([
      'resources/subscribe',
      'resources/subscribe',
      'resources/unsubscribe',
      'resources/unsubscribe',
    ]);
  });

  it("hears of the user's other children, and never of another user's", async () => {
    const client = await start();
    const notifications = { toolsListChanged: true };
    const events = await client.events('subscriptions/listen', { notifications });
    const bob = new ModernClient(test.url, 'bob');
    const others = await bob.events('subscriptions/listen', { notifications });
    await Promise.all([events.next(), others.next()]);
    await new ModernClient(test.url, 'alice', { elicitation: {} }).tool('listChanged');
    await events.next(1);
    await bob.tool('echo');
    expect(methods(others)).toEqual(['notifications/subscriptions/acknowledged']);
    await Promise.all([events.cancel(), others.cancel()]);
  });

  it('ends with a result when there is nothing to tell, and when the proxy ends', async () => {
    const client = await start();
    const none = await client.events('subscriptions/listen', { notifications: { promptsListChanged: true } });
    expect(await none.next(1)).toMatchObject({ result: { resultType: 'complete' } });
    await until(() => none.closed, 'it is closed');
    const open = await client.events('subscriptions/listen', { notifications: { toolsListChanged: true } });
    await open.next();
    await test.close();
    expect((await open.next(1)).result._meta).toHaveProperty(['io.modelcontextprotocol/subscriptionId']);
  });

  it('ends without one when the server is gone', async () => {
    const client = await start();
    const open = await client.events('subscriptions/listen', { notifications: { toolsListChanged: true } });
    await open.next();
    await client.call('crash');
    await until(() => open.closed, 'it is closed');
    expect(open.messages).toHaveLength(1);
  });

  it.each([undefined, {}, { toolsListChanged: 1 }, { resourceSubscriptions: 'a' }])(
    'needs a filter: %j',
    async (notifications) => {
      const client = await start();
      const { status, message } = await client.ask('subscriptions/listen', { notifications });
      if (notifications !== undefined && Object.keys(notifications).length === 0)
        return expect(status).toBe(200);
      expect([status, message.error.code]).toEqual([400, -32602]);
    },
  );

  it('says why the server cannot start, and that it must be taken as a stream', async () => {
    const client = await start({ args: ['--exit-on-init'] });
    const notifications = { toolsListChanged: true };
    const { status, message } = await client.ask('subscriptions/listen', { notifications });
    expect([status, message.error.message]).toEqual([502, expect.stringContaining('exited with code 1')]);
    const asJson = { accept: 'application/json' };
    expect((await client.ask('subscriptions/listen', { notifications }, asJson)).status).toBe(406);
  });

  it('is allowed so many times', async () => {
    const client = await start();
    const notifications = { toolsListChanged: true };
    const open = await Promise.all(
      Array.from({ length: 16 }, () => client.events('subscriptions/listen', { notifications })),
    );
    await Promise.all(open.map((events) => events.next()));
    expect((await client.ask('subscriptions/listen', { notifications })).status).toBe(429);
    await Promise.all(open.map((events) => events.cancel()));
  });

  it('is allowed no more often to who asks for all at once', async () => {
    const client = await start();
    const body = () => client.body('subscriptions/listen', { notifications: { toolsListChanged: true } });
    const replies = await Promise.all(Array.from({ length: 20 }, () => client.post(body())));
    expect(replies.filter(({ status }) => status === 429)).toHaveLength(4);
    for (const reply of replies) await reply.body?.cancel();
    await until(async () => {
      const again = await client.post(body());
      await again.body?.cancel();
      return again.status === 200;
    }, 'places are free again');
  });
});
