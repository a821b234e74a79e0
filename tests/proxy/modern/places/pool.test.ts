/** Whose child answers whom, how many there may be, and when they end. */
import { afterEach, describe, expect, it } from 'vitest';
import { ModernClient } from '../../../helpers/modern-client.ts';
import {
  contextOf,
  Gate,
  startProxy,
  until,
  type Loose,
  type TestProxy,
  type TestProxyOptions,
} from '../../../helpers/stdio-proxy.ts';

let test: TestProxy;
afterEach(() => test.close());

const start = async (options: TestProxyOptions = {}): Promise<void> => {
  test = await startProxy(options);
};
const client = (user = 'alice', capabilities: object = {}): ModernClient =>
  new ModernClient(test.url, user, capabilities);
const ASKABLE = { elicitation: {}, sampling: {} };

describe('the children of the pool', () => {
  it('are one for all calls of a user that cannot be asked', async () => {
    await start();
    const pids = await Promise.all(Array.from({ length: 8 }, () => client().tool('pid')));
    expect(new Set(pids).size).toBe(1);
    expect(await client('alice', { extensions: {} }).tool('pid')).not.toBe(pids[0]);
    expect(test.proxy.stats()).toEqual({ sessions: 0, children: 2 });
  });

  it("are never another user's", async () => {
    await start();
    const [alice, bob] = await Promise.all([client().tool('pid'), client('bob').tool('pid')]);
    expect(alice).not.toBe(bob);
  });

  it('is one for everybody where the service says so, without a way to ask or to mix up logs', async () => {
    await start({ process: 'shared' });
    const alice = client('alice', ASKABLE);
    const pids = await Promise.all([alice.tool('pid'), client('bob').tool('pid')]);
    expect(new Set(pids).size).toBe(1);
    const _meta = { 'io.modelcontextprotocol/logLevel': 'debug' };
    const { message } = await alice.call('logs', { levels: ['error'] }, { _meta });
    expect(message.result.content[0].text).toBe('logged');
    expect((await alice.call('ask')).message.error.code).toBe(-32021);
    expect(test.proxy.stats().children).toBe(1);
  });

  it('are not lost when they ask somebody who cannot be asked', async () => {
    await start();
    const pid = await client().tool('pid');
    expect((await client().call('ask')).status).toBe(400);
    expect(await client().tool('pid')).toBe(pid);
    expect(test.proxy.stats().children).toBe(1);
  });

  it('are told what the client can do', async () => {
    await start();
    const first = async (capabilities: object): Promise<Loose> => {
      const lines = JSON.parse(await client('alice', capabilities).tool('lines')) as { first: string };
      return JSON.parse(lines.first).params;
    };
    // The first child of all has been asked for its era before.
    await client('bob').tool('pid');
    const all = { elicitation: { url: {} }, roots: {}, Roots: {}, tasks: {}, extensions: { 'a/b': {} } };
    expect(await first(all)).toMatchObject({ protocolVersion: '2025-11-25', clientInfo: { name: 'mcpgw' } });
    expect((await first(all)).capabilities).toEqual({ elicitation: { url: {} }, extensions: { 'a/b': {} } });
    expect((await first({})).capabilities).toEqual({});
  });

  it('see nothing of the envelope, and all else', async () => {
    await start();
    const _meta = {
      traceparent: '00-1-2-01',
      'io.modelcontextprotocol/logLevel': 'info',
      'com.example/x': 1,
    };
    const { message } = await client().call('lines', {}, { _meta });
    const { current } = JSON.parse(message.result.content[0].text);
    expect(JSON.parse(current).params).toEqual({
      name: 'lines',
      arguments: {},
      _meta: { traceparent: '00-1-2-01', 'com.example/x': 1 },
    });
  });

  it('belong to one call that may be asked, and to the next one afterwards', async () => {
    await start();
    const askable = client('alice', ASKABLE);
    const first = await askable.tool('pid');
    const parked = await askable.call('ask');
    expect(parked.message.result.resultType).toBe('input_required');
    expect(await askable.tool('pid')).not.toBe(first);
    const { requestState } = parked.message.result;
    const answer = { role: 'assistant', model: 'm', content: { type: 'text', text: 'x' } };
    await askable.call('ask', {}, { requestState, inputResponses: { 'fixture-0': answer } });
    expect(await askable.tool('pid')).toBe(first);
    expect(test.proxy.stats().children).toBe(2);
  });

  it('are so many for a user and in all', async () => {
    await start({ limits: { maxChildrenPerUser: 2, maxChildren: 3 } });
    const askable = client('alice', ASKABLE);
    await Promise.all([askable.call('ask'), askable.call('ask')]);
    const refused = await askable.call('ask');
    expect([refused.status, refused.message.error.message]).toEqual([
      429,
      expect.stringContaining('2 server processes'),
    ]);
    const bob = client('bob', ASKABLE);
    await bob.call('ask');
    expect((await bob.call('ask')).status).toBe(503);
  });

  it('make room for others that are wanted', async () => {
    await start({ limits: { maxChildrenPerUser: 1 } });
    const pid = await client().tool('pid');
    expect(await client('alice', { extensions: {} }).tool('pid')).not.toBe(pid);
    await until(() => test.proxy.stats().children === 1, 'the first is gone');
  });

  it('end when nobody uses them', async () => {
    let nowMs = Date.now();
    await start({ limits: { sessionIdleSeconds: 1 }, now: () => nowMs });
    await client().tool('pid');
    expect(test.proxy.stats().children).toBe(1);
    nowMs += 2_000;
    await until(() => test.proxy.stats().children === 0, 'no child is left');
  });

  it('do not end while a stream of notifications stands on them, and end after it', async () => {
    let nowMs = Date.now();
    await start({ args: ['--changes'], limits: { sessionIdleSeconds: 1 }, now: () => nowMs });
    const filter = { notifications: { toolsListChanged: true } };
    const events = await client().events('subscriptions/listen', filter);
    await events.next();
    await client('bob').tool('pid');
    nowMs += 2_000;
    // Bob's is gone, so that it has been looked what nobody uses.
    await until(() => test.proxy.stats().children === 1, 'one child is left');
    await client().tool('listChanged');
    expect((await events.next(1)).method).toBe('notifications/tools/list_changed');
    await events.cancel();
    // As soon as the proxy has seen that it is closed.
    await until(() => ((nowMs += 2_000), test.proxy.stats().children === 0), 'no child is left');
  });

  it('have so many calls at once', async () => {
    await start({ limits: { maxPendingCalls: 2 } });
    const gate = new Gate();
    const call = client().tool('wait', gate.args);
    await gate.begun();
    const other = new AbortController();
    const silent = client().post(client().body('tools/call', { name: 'silent' }), {}, other.signal);
    const refused = await until(async () => {
      const asked = await client().call('pid');
      return asked.status === 429 ? asked : undefined;
    }, 'there is no place for a third');
    expect(refused.message.error.message).toContain('2 of your requests wait');
    expect(await client('bob').tool('echo', { text: 'on' })).toBe('on');
    other.abort();
    await silent.catch(() => undefined);
    gate.open();
    expect(await call).toBe('waited');
    expect(await client().tool('echo', { text: 'on' })).toBe('on');
  });

  it('that do not read are sent no more than may be unread', async () => {
    await start({ limits: { maxBufferedBytes: 500_000 } });
    await client().tool('deaf');
    const text = 'x'.repeat(200_000);
    const abort = new AbortController();
    const send = (): Promise<Response | undefined> =>
      client()
        .post(client().body('tools/call', { name: 'echo', arguments: { text } }), {}, abort.signal)
        .catch(() => undefined);
    const refused = await Promise.race(
      Array.from({ length: 12 }, async () => {
        const response = await send();
        if (response?.status !== 503) throw new Error(`answered with ${response?.status}`);
        return ((await response.json()) as Loose).error.message as string;
      }),
    );
    expect(refused).toBe('The server does not read what it is sent.');
    expect(await client('bob').tool('echo', { text: 'on' })).toBe('on');
    abort.abort();
  });

  it('are started anew when they have ended', async () => {
    await start();
    const pid = await client().tool('pid');
    const crashed = await client().call('crash');
    expect(crashed.message.error.message).toContain('exited with code 3');
    expect(await client().tool('pid')).not.toBe(pid);
  });

  it('that end when the handshake does not come first are started once more, and asked no second time', async () => {
    await start({ args: ['--only-init'] });
    expect(await client().tool('echo', { text: 'here' })).toBe('here');
    expect(await client('bob').tool('echo', { text: 'there' })).toBe('there');
    const ended = test.logs.filter(({ message }) => message.startsWith('server ended'));
    expect(ended).toHaveLength(1);
  });

  it('that cannot start say why', async () => {
    await start({ args: ['--exit-on-init'] });
    const { status, message } = await client().call('pid');
    expect([status, message.error.message]).toEqual([502, expect.stringContaining('exited with code 1')]);
    await until(() => test.proxy.stats().children === 0, 'no child is left');
    await test.close();
    await start({ command: () => ({ file: '/does/not/exist', args: [], env: {} }) });
    expect((await client().ask('server/discover')).status).toBe(502);
  });

  it('are left when their call is given up before they asked, and ended when they have asked', async () => {
    await start();
    const askable = client('alice', ASKABLE);
    const pid = await askable.tool('pid');
    const abort = new AbortController();
    const given = askable.post(askable.body('tools/call', { name: 'silent' }), {}, abort.signal);
    await until(() => test.logs.length > 0, 'it is under way');
    abort.abort();
    await given.catch(() => undefined);
    await until(async () => (await askable.tool('pid')) === pid, 'the child serves others again');
    askable.capabilities = { sampling: {} };
    await askable.call('askBoth');
    await until(() => test.proxy.stats().children === 1, 'the child that asked is gone');
  });

  it('finish their calls when the proxy ends', async () => {
    await start();
    await client().tool('pid');
    const gate = new Gate();
    const call = client().tool('wait', gate.args);
    await gate.begun();
    const closed = test.proxy.close(30_000);
    expect((await client().call('pid')).status).toBe(503);
    gate.open();
    expect(await call).toBe('waited');
    await closed;
    expect(test.proxy.stats().children).toBe(0);
  });
});

describe('tool rules', () => {
  it('hold in this era: a denied tool is not listed and cannot be called, in whatever way', async () => {
    await start();
    const denied = client();
    denied.raw.headers['x-mcpgw-context'] = contextOf('alice', { tools: { deny: ['pid', 'a*'] } });
    const { message } = await denied.ask('tools/list');
    const names = message.result.tools.map(({ name }: Loose) => name);
    expect(names).toContain('echo');
    expect(names).not.toContain('pid');
    expect(message.result).toMatchObject({ resultType: 'complete', ttlMs: 0 });
    for (const params of [
      { name: 'pid' },
      { Name: 'pid', name: 'echo' },
      { name: 'ask', requestState: 'x' },
    ]) {
      const call = await denied.ask('tools/call', params);
      expect(call.message.error).toMatchObject({
        code: -32602,
        message: expect.stringContaining('Unknown tool'),
      });
    }
    expect(await client().tool('seen')).not.toContain('pid');
    expect(await client().tool('pid')).toMatch(/^\d+$/);
  });

  it('hold for the rest of a call that began without them', async () => {
    await start();
    const askable = client('alice', ASKABLE);
    const { requestState } = (await askable.call('ask')).message.result;
    askable.raw.headers['x-mcpgw-context'] = contextOf('alice', { tools: { deny: ['ask'] } });
    const { message } = await askable.call('ask', {}, { requestState, inputResponses: {} });
    expect(message.error.message).toContain('Unknown tool');
  });
});
