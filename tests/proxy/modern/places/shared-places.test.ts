/** One child for sessions and for requests without one: who is asked, who hears of what, and that nothing is lost. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { ModernClient, type Asked } from '../../../helpers/modern-client.ts';
import {
  contextOf,
  fixtureCommand,
  Events,
  Gate,
  processesWith,
  RawClient,
  startProxy,
  until,
  type Loose,
  type TestProxy,
  type TestProxyOptions,
} from '../../../helpers/stdio-proxy.ts';

const MODERN_SERVER = fileURLToPath(new URL('../../../helpers/modern-stdio.ts', import.meta.url));
const ASKABLE = { elicitation: {}, sampling: {} };
const SAMPLED = { role: 'assistant', model: 'm', content: { type: 'text', text: 'hello' } };
const LEVEL = 'io.modelcontextprotocol/logLevel';

let test: TestProxy;
afterEach(() => test.close());

const start = async (options: TestProxyOptions = {}): Promise<TestProxy> =>
  (test = await startProxy({ process: 'user', ...options }));
const modern = (user = 'alice', capabilities: object = {}): ModernClient =>
  new ModernClient(test.url, user, capabilities);

async function session(user = 'alice'): Promise<RawClient> {
  const client = new RawClient(test.url, user);
  await client.initialize();
  return client;
}

/** @returns a client of its own of the user's */
function modernOf(clientId: string, capabilities: object = ASKABLE): ModernClient {
  const client = modern('alice', capabilities);
  client.raw.headers['x-mcpgw-context'] = contextOf('alice', { clientId });
  return client;
}

const retry = (client: ModernClient, name: string, asked: Asked, answers: object): Promise<Asked> =>
  client.call(name, {}, { requestState: asked.message.result.requestState, inputResponses: answers });

const seenBy = async (client: RawClient, method: string): Promise<Loose[]> =>
  (JSON.parse(await client.tool('seen')) as Loose[]).filter((each) => each.method === method);

describe('in the process model user, one child', () => {
  it('serves the sessions of a user and the requests without one, whatever their clients can do', async () => {
    const { proxy } = await start();
    const first = await session();
    const pids = await Promise.all([
      first.tool('pid'),
      modern().tool('pid'),
      modern('alice', ASKABLE).tool('pid'),
      modern('alice', { extensions: {} }).tool('pid'),
      (await session()).tool('pid'),
    ]);
    expect(new Set(pids).size).toBe(1);
    expect(await modern('bob').tool('pid')).not.toBe(pids[0]);
    expect(proxy.childStats()).toMatchObject({ children: 2, starts: 2 });
  });

  it('is started once, when requests of both eras come at the same moment', async () => {
    const { proxy } = await start();
    const all = Array.from({ length: 10 }, (_each, at) =>
      at % 2 === 0
        ? modern('alice', at % 4 === 0 ? {} : ASKABLE).tool('pid')
        : session().then((one) => one.tool('pid')),
    );
    expect(new Set(await Promise.all(all)).size).toBe(1);
    expect(proxy.childStats()).toMatchObject({ children: 1, starts: 1 });
  });

  it('writes the one file of its user: of what both eras tell it at once, nothing is lost', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mcpgw-both-eras-'));
    try {
      await start({ args: [`--file=${join(folder, 'memory')}`] });
      const [old, young] = [await session(), modern('alice', ASKABLE)];
      const words = Array.from({ length: 40 }, (_each, at) => `word-${at}`);
      await Promise.all(
        words.map((word, at) =>
          at % 2 === 0 ? old.tool('remember', { word }) : young.tool('remember', { word }),
        ),
      );
      expect(readFileSync(join(folder, 'memory'), 'utf8').split('\n').sort()).toEqual([...words].sort());
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('fits where a user may have no more', async () => {
    await start({ limits: { maxChildrenPerUser: 1 } });
    const client = await session();
    const asked = await modern('alice', ASKABLE).call('ask');
    expect(asked.message.result.resultType).toBe('input_required');
    expect(await modern().tool('pid')).toBe(await client.tool('pid'));
  });

  it('is started anew for either era when it has ended', async () => {
    await start();
    const client = await session();
    const pid = await client.tool('pid');
    expect((await modern().call('crash')).message.error.message).toContain('exited with code 3');
    const [one, two] = await Promise.all([modern().tool('pid'), client.tool('pid')]);
    expect(one).not.toBe(pid);
    expect(two).toBe(one);
  });

  it('says why it cannot start', async () => {
    await start({ args: ['--exit-on-init'] });
    const { status, message } = await modern().call('pid');
    expect([status, message.error.message]).toEqual([502, expect.stringContaining('exited with code 1')]);
  });

  it('is the only one, too, when the first did not come so far as to show its era', async () => {
    let starts = 0;
    const { proxy } = await start({
      command: () => fixtureCommand((starts += 1) === 1 ? ['--exit-on-init'] : []),
    });
    const pid = await modern().tool('pid');
    expect(await (await session()).tool('pid')).toBe(pid);
    await until(() => proxy.childStats().children === 1, 'no other is left');
  });

  it('does both eras for a server that could itself', async () => {
    const { proxy } = await start({ script: MODERN_SERVER });
    const pids = [await modern().tool('pid'), await (await session()).tool('pid')];
    expect(new Set(pids).size).toBe(1);
    expect(proxy.childStats()).toMatchObject({ children: 1, starts: 1 });
  });

  it('passes requests on as they are to a server of 2026-07-28 alone', async () => {
    await start({ script: MODERN_SERVER, args: ['--modern'] });
    const { message } = await modern('alice', { extensions: { 'a/b': {} } }).call('envelope');
    expect(message.result.content[0].text).toContain('a/b');
    expect(await (await session()).tool('echo', { text: 'old' })).toBe('old');
    await until(() => test.proxy.childStats().children === 2, 'one for each era');
  });
});

describe('what the child of both eras asks', () => {
  it('ends the round of the request during which it asks, in the same child, and no session hears of it', async () => {
    await start();
    const idle = await session();
    const stream = await idle.stream();
    const client = modern('alice', ASKABLE);
    const asked = await client.call('ask');
    expect(Object.keys(asked.message.result.inputRequests)).toEqual(['fixture-0']);
    const answered = await retry(client, 'ask', asked, { 'fixture-0': SAMPLED });
    expect(JSON.parse(answered.message.result.content[0].text)).toEqual(SAMPLED);
    expect(await idle.tool('pid')).toBe(await client.tool('pid'));
    expect(stream.messages).toEqual([]);
  });

  it('goes to the session when its call is the only one', async () => {
    await start();
    await modern('alice', ASKABLE).tool('pid');
    const client = await session();
    const events = new Events(await client.post(client.call('ask')));
    const { id, method } = await events.next();
    expect(method).toBe('sampling/createMessage');
    await client.post({ jsonrpc: '2.0', id, result: { by: 'the session' } });
    expect((await events.next(1)).result.content[0].text).toBe('{"by":"the session"}');
  });

  it('goes to nobody when calls of several clients are under way', async () => {
    await start();
    const client = await session();
    const gate = new Gate();
    const waiting = client.tool('wait', gate.args);
    await gate.begun();
    const refused = await modern('alice', ASKABLE).tool('askWhat', { method: 'sampling/createMessage' });
    expect(JSON.parse(refused)).toMatchObject({ error: { code: -32601 } });
    gate.open();
    expect(await waiting).toBe('waited');
    const parked = await modernOf('one').call('ask');
    expect(parked.message.result.resultType).toBe('input_required');
    const other = await modernOf('two').tool('askWhat', { method: 'sampling/createMessage' });
    expect(JSON.parse(other)).toMatchObject({ error: { code: -32601 } });
  });

  it('goes past a call that has been waiting for its own answer, whoever makes that', async () => {
    let nowMs = Date.now();
    await start({ now: () => nowMs });
    const asked = await modernOf('one').call('ask');
    nowMs += 1000;
    const other = await modernOf('two').call('ask');
    expect(Object.keys(other.message.result.inputRequests)).toEqual(['fixture-1']);
    const answered = await retry(modernOf('one'), 'ask', asked, { 'fixture-0': SAMPLED });
    expect(answered.message.result.resultType).toBe('complete');
  });

  it('reaches the call that asks several things at once, beside one whose client never came back', async () => {
    await start();
    const client = modern('alice', ASKABLE);
    await client.call('ask');
    const { message } = await client.call('askBoth');
    expect(Object.keys(message.result.inputRequests)).toEqual(['fixture-1', 'fixture-2']);
  });

  it('goes to a client that makes several calls at once, and each of them gets its answer', async () => {
    await start();
    const client = modern('alice', ASKABLE);
    const both = await Promise.all([client.call('ask'), client.call('ask')]);
    const keys = both.map(({ message }) => Object.keys(message.result.inputRequests)[0] ?? '');
    expect([...keys].sort()).toEqual(['fixture-0', 'fixture-1']);
    const answered = await Promise.all(
      both.map((asked, at) =>
        retry(client, 'ask', asked, { [keys[at] ?? '']: { ...SAMPLED, model: keys[at] } }),
      ),
    );
    const models = answered.map(({ message }) => JSON.parse(message.result.content[0].text).model);
    expect([...models].sort()).toEqual(['fixture-0', 'fixture-1']);
  });

  it('is what the client said that it can answer, or the call fails and the child lives on', async () => {
    await start();
    const pid = await modern().tool('pid');
    const unable = await modern().call('ask');
    expect([unable.status, unable.message.error.code]).toEqual([400, -32021]);
    const form = await modern('alice', { elicitation: {} }).call('askWhat', {
      method: 'elicitation/create',
      params: { mode: 'url', url: 'https://example.com', elicitationId: '1', message: 'go' },
    });
    expect(form.message.error.data).toEqual({ requiredCapabilities: { elicitation: { url: {} } } });
    const roots = await modern('alice', { roots: {} }).tool('askWhat', { method: 'roots/list' });
    expect(JSON.parse(roots)).toMatchObject({ error: { code: -32601 } });
    expect(await modern().tool('pid')).toBe(pid);
  });

  it('is given up with its call, and nobody else is asked it', async () => {
    await start({ limits: { parkedCallSeconds: 0.2 } });
    const client = await session();
    const asked = await modern('alice', ASKABLE).call('askAlone');
    expect(asked.message.result.content[0].text).toBe('asking');
    const parked = await modern('alice', ASKABLE).call('ask');
    expect(parked.message.result.resultType).toBe('input_required');
    await until(
      async () => (await seenBy(client, 'notifications/cancelled')).length === 1,
      'the child is told of the call',
    );
    const late = await retry(modern('alice', ASKABLE), 'ask', parked, { 'fixture-1': SAMPLED });
    expect(late.message.error.message).toContain('expired');
  });

  it('may be of a call that its client has just given up, so that no other client is asked it', async () => {
    let nowMs = Date.now();
    await start({ now: () => nowMs });
    const client = await session();
    const abort = new AbortController();
    const given = modernOf('one').post(
      modernOf('one').body('tools/call', { name: 'silent' }),
      {},
      abort.signal,
    );
    await until(async () => (await client.tool('seen')) !== '', 'it is under way');
    abort.abort();
    await given.catch(() => undefined);
    await until(
      async () => (await seenBy(client, 'notifications/cancelled')).length === 1,
      'the child is told of it',
    );
    const other = await modernOf('two').tool('askWhat', { method: 'sampling/createMessage' });
    expect(JSON.parse(other)).toMatchObject({ error: { code: -32601 } });
    nowMs += 1000;
    expect((await modernOf('two').call('ask')).message.result.resultType).toBe('input_required');
  });

  it('of a child before it is not answered to the one that came after it', async () => {
    await start();
    const client = modern('alice', ASKABLE);
    const parked = await client.call('ask');
    await client.call('crash');
    const again = await client.call('ask');
    expect(Object.keys(again.message.result.inputRequests)).toEqual(['fixture-0']);
    const lost = await retry(client, 'ask', parked, { 'fixture-0': { ...SAMPLED, model: 'wrong' } });
    expect(lost.message.error.message).toContain('exited with code 3');
    const answered = await retry(client, 'ask', again, { 'fixture-0': SAMPLED });
    expect(JSON.parse(answered.message.result.content[0].text)).toEqual(SAMPLED);
  });
});

describe('what the child of both eras says on its own', () => {
  it('are log messages: those that the call wants on its stream, and to a session what that wants', async () => {
    await start();
    const client = await session();
    const stream = await client.stream();
    await (await client.post(client.request('logging/setLevel', { level: 'emergency' }))).json();
    const levels = ['debug', 'error'];
    const events = await modern().events('tools/call', {
      name: 'logs',
      arguments: { levels },
      _meta: { [LEVEL]: 'info' },
    });
    expect((await events.next()).params).toEqual({ level: 'error', data: 'error' });
    expect((await events.next(1)).result.content[0].text).toBe('logged');
    expect((await modern().call('logs', { levels })).message.result.content[0].text).toBe('logged');
    expect((await seenBy(client, 'logging/setLevel')).map(({ params }) => params.level)).toEqual([
      'emergency',
      'info',
    ]);
    expect(stream.messages).toEqual([]);
  });

  it('are changes, to sessions and streams alike; a resource that one of them gives up is told to the other', async () => {
    await start({ args: ['--changes'] });
    const client = await session();
    const stream = await client.stream();
    const uri = 'test://a';
    await (await client.post(client.request('resources/subscribe', { uri }))).json();
    const notifications = { toolsListChanged: true, resourceSubscriptions: [uri] };
    const heard = await modern().events('subscriptions/listen', { notifications });
    expect(await heard.next()).toMatchObject({ method: 'notifications/subscriptions/acknowledged' });
    await modern().tool('listChanged');
    await client.tool('update', { uri });
    for (const each of [stream.next(), heard.next(1)])
      expect((await each).method).toBe('notifications/tools/list_changed');
    for (const each of [stream.next(1), heard.next(2)])
      expect(await each).toMatchObject({ method: 'notifications/resources/updated', params: { uri } });
    await (await client.post(client.request('resources/unsubscribe', { uri }))).json();
    await modern().tool('update', { uri });
    expect((await heard.next(3)).method).toBe('notifications/resources/updated');
    expect(await seenBy(client, 'resources/unsubscribe')).toEqual([]);
    await heard.cancel();
    await until(async () => (await seenBy(client, 'resources/unsubscribe')).length === 1, 'nobody listens');
    expect(stream.messages).toHaveLength(2);
  });

  it('is heard as long as somebody listens, and ends with the child', async () => {
    const marker = `--marker=${randomUUID()}`;
    await start({ args: ['--changes', marker], limits: { idleChildSeconds: 0.3 } });
    const heard = await modern().events('subscriptions/listen', {
      notifications: { toolsListChanged: true },
    });
    await heard.next();
    const other = await modern().events('subscriptions/listen', {
      notifications: { toolsListChanged: true },
    });
    await other.next();
    await other.cancel();
    await modern('bob').tool('pid');
    await until(() => processesWith(marker).length === 1, 'what nobody uses has ended');
    expect(heard.closed).toBe(false);
    await modern().tool('listChanged');
    expect((await heard.next(1)).method).toBe('notifications/tools/list_changed');
    await modern().call('crash');
    await until(() => heard.closed, 'the stream has ended');
    await modern().tool('pid');
    await until(() => processesWith(marker).length === 0, 'nobody uses it');
  });
});

describe('in the process model shared, one child', () => {
  it('serves everybody in both eras, asks nobody and logs to no request without a session', async () => {
    const { proxy } = await start({ process: 'shared' });
    const alice = await session();
    const levels = ['error'];
    const pids = await Promise.all([
      alice.tool('pid'),
      modern().tool('pid'),
      modern('bob', ASKABLE).tool('pid'),
      (await session('carol')).tool('pid'),
    ]);
    expect(new Set(pids).size).toBe(1);
    for (const user of ['bob', 'alice'])
      expect((await modern(user, ASKABLE).call('ask')).message.error.code).toBe(-32021);
    const _meta = { [LEVEL]: 'debug' };
    const answer = await (
      await modern('bob').post(modern().body('tools/call', { name: 'logs', arguments: { levels }, _meta }))
    ).text();
    expect(answer).toContain('logged');
    expect(answer).not.toContain('notifications/message');
    const refused = await alice.tool('askWhat', { method: 'sampling/createMessage', params: {} });
    expect(JSON.parse(refused)).toMatchObject({ error: { code: -32601 } });
    expect(proxy.childStats()).toMatchObject({ children: 1, starts: 1 });
  });
});

describe.each(['user', 'shared'] as const)('in the process model %s, the end of the proxy', (process) => {
  it('lets a call without a session finish, and leaves no child', async () => {
    const marker = `--marker=${randomUUID()}`;
    const { proxy } = await start({ process, args: [marker] });
    const client = await session();
    const gate = new Gate();
    const call = modern().tool('wait', gate.args);
    await gate.begun();
    await client.send('DELETE');
    const closed = proxy.close(30_000);
    expect((await modern().call('pid')).status).toBe(503);
    gate.open();
    expect(await call).toBe('waited');
    await closed;
    await until(() => processesWith(marker).length === 0, 'no process is left', 2000);
  });

  it('ends a child that is only being started', async () => {
    const marker = `--marker=${randomUUID()}`;
    const { proxy } = await start({ process, args: [marker, '--silent-init'] });
    const call = modern().call('pid');
    await until(() => processesWith(marker).length === 1, 'it is started');
    await proxy.close(500);
    expect((await call).status).toBeGreaterThanOrEqual(500);
    await until(() => processesWith(marker).length === 0, 'no process is left', 2000);
  });
});
