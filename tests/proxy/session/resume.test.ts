/** Clients that come back for what a broken connection cost them (MCP 2025-11-25, "Resumability and Redelivery"). */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  Events,
  RawClient,
  startProxy,
  until,
  type Loose,
  type TestProxy,
} from '../../helpers/stdio-proxy.ts';

let test: TestProxy;
let client: RawClient;

beforeAll(async () => {
  test = await startProxy({ limits: { maxSessionsPerUser: 100 } });
});
afterAll(() => test.close());
beforeEach(async () => {
  client = new RawClient(test.url);
  await client.initialize();
});

const isCancelled = async (id: string): Promise<boolean> =>
  (await client.tool('seen')).includes(`"requestId":"${id}"`);
/** A call that reports progress, waits until it is told to go on, and reports more before its answer. */
const stepwise = (id: string, before = 2, after = 2): object =>
  client.request(
    'tools/call',
    { name: 'stepwise', arguments: { before, after }, _meta: { progressToken: id } },
    id,
  );
/** The answer to another call shows that all of it has been said. */
const stepOn = async (): Promise<string> => (await client.tool('stepOn'), client.tool('pid'));
const numbers = ({ messages }: Events): unknown[] =>
  messages.map((message: Loose) => message.params?.progress ?? message.result.content[0].text);

/** Starts a call, and loses its connection once `count` of its messages are there. */
async function broken(body: object, count = 2): Promise<Events> {
  const events = new Events(await client.post(body));
  await events.next(count - 1);
  await events.cancel();
  return events;
}

const resumed = (eventId: string | undefined, by = client): Promise<Events> =>
  by.stream({ 'last-event-id': eventId ?? '' });

describe('events', () => {
  it('have ids that are unique in the session and name their stream', async () => {
    const streams = [await client.stream(), new Events(await client.post(client.call('log')))];
    await client.tool('listChanged', { count: 2 });
    await until(() => streams[0]!.messages.length === 2 && streams[1]!.closed, 'all messages');
    const ids = streams.flatMap((stream) => stream.ids);
    expect(new Set(ids).size).toBe(ids.length);
    for (const stream of streams) {
      // One before the first message: the client can come back from the beginning.
      expect(stream.ids).toHaveLength(stream.messages.length + 1);
      expect(new Set(stream.ids.map((id) => id.slice(0, id.lastIndexOf('-')))).size).toBe(1);
    }
    await streams[0]!.cancel();
  });

  it('without data are not sent to clients of older versions, which try to read it', async () => {
    const old = new RawClient(test.url);
    await old.initialize('2025-06-18');
    const response = await old.post(old.call('log'));
    expect(await response.text()).not.toMatch(/^data: $/m);
  });
});

describe('a POST stream whose connection broke', () => {
  it('is collected, and goes on where it was', async () => {
    const before = await broken(stepwise('a'));
    await stepOn();
    const after = await resumed(before.ids.at(-1));
    await until(() => after.closed, 'the end of the stream');
    expect([numbers(before), numbers(after)]).toEqual([
      [1, 2],
      [3, 4, 'done'],
    ]);
    expect(await isCancelled('a')).toBe(false);
  });

  it('gives again what the client did not get', async () => {
    const before = await broken(stepwise('a'));
    const after = await resumed(before.ids[1]);
    await after.next();
    await stepOn();
    await until(() => after.closed, 'the end of the stream');
    expect(numbers(after)).toEqual([2, 3, 4, 'done']);
  });

  it('can break again, and be resumed while the first connection is still open', async () => {
    const first = new Events(await client.post(stepwise('a')));
    await first.next(1);
    const second = await resumed(first.ids.at(-1));
    await until(() => first.closed, 'the connection that the client gave up');
    await second.cancel();
    const third = await resumed(first.ids.at(-1));
    await stepOn();
    await until(() => third.closed, 'the end of the stream');
    expect(numbers(third)).toEqual([3, 4, 'done']);
  });

  it('says so when nothing is left of it, so that its client does not come for ever', async () => {
    const events = new Events(await client.post(stepwise('a')));
    await events.next(1);
    await stepOn();
    await until(() => events.closed, 'the end of the stream');
    const response = await client.send('GET', undefined, { 'last-event-id': events.ids.at(-1)! });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST, DELETE']);
  });

  it('carries a question of the server to the client that came back', async () => {
    const before = await broken(client.call('ask', {}, 'asks'), 1);
    const after = await resumed(before.ids[0]);
    const { id } = await after.next();
    await client.post({ jsonrpc: '2.0', id, result: { role: 'assistant' } });
    expect((await after.next(1)).result.content[0].text).toContain('assistant');
  });

  it('carries to the client that came back what the server asked while it was away', async () => {
    const before = await broken(stepwise('a'));
    const read = (): number => test.proxy.childStats().bytes.read;
    const bytes = read();
    expect(await client.tool('askAlone')).toBe('asking');
    // More than the answer. Another call would be given the question.
    await until(() => read() - bytes > 200, 'the question is there');
    const after = await resumed(before.ids.at(-1));
    const { id, method } = await after.next();
    expect(method).toBe('sampling/createMessage');
    await client.post({ jsonrpc: '2.0', id, result: { role: 'assistant' } });
    await until(async () => (await client.tool('seen')).includes('"asked"'), 'the answer has arrived');
    await stepOn();
    await until(() => after.closed, 'the end of the stream');
  });

  it('is cancelled when its client does not come back, and says so to one that comes late', async () => {
    const hasty = await startProxy({ limits: { resumeSeconds: 0.05 } });
    client = new RawClient(hasty.url);
    await client.initialize();
    const before = await broken(stepwise('late'));
    await until(() => isCancelled('late'), 'the cancellation');
    const after = await resumed(before.ids.at(-1));
    await until(() => after.closed, 'the end of the stream');
    expect(after.messages).toEqual([
      expect.objectContaining({ id: 'late', error: expect.objectContaining({ code: -32000 }) }),
    ]);
    await hasty.close();
  });

  it('is given up at once when its client has no id to come back with', async () => {
    const abort = new AbortController();
    const call = client.post(client.call('silent', {}, 'gone'), {}, abort.signal).catch(() => undefined);
    await client.tool('echo', { text: 'the call before has arrived' });
    abort.abort();
    await call;
    await until(() => isCancelled('gone'), 'the cancellation');
  });

  it('keeps as much as its limit, and the answer in any case', async () => {
    const small = await startProxy({ limits: { maxReplayMessages: 3 } });
    client = new RawClient(small.url);
    await client.initialize();
    const before = await broken(stepwise('a', 2, 50));
    await stepOn();
    const after = await resumed(before.ids[0]);
    await until(() => after.closed, 'the end of the stream');
    expect(numbers(after)).toEqual([51, 52, 'done']);
    await small.close();
  });
});

describe('a GET stream', () => {
  it('gives again what its client did not get, and goes on', async () => {
    const before = await client.stream();
    await client.tool('listChanged', { count: 2 });
    await before.next(1);
    await before.cancel();
    await client.tool('listChanged', { count: 1 });
    const after = await resumed(before.ids[1]);
    await after.next(1);
    await client.tool('listChanged', { count: 1 });
    await after.next(2);
    expect(after.messages.map((message) => message.params.i)).toEqual([1, 0, 0]);
    await after.cancel();
  });

  it('gives nothing that went out on another', async () => {
    const first = await client.stream();
    await client.tool('listChanged', { count: 2 });
    await first.next(1);
    const second = await client.stream();
    await client.tool('listChanged', { count: 1 });
    await second.next();
    await first.cancel();
    const again = await resumed(first.ids[0]);
    await again.next(1);
    await client.tool('listChanged', { count: 1 });
    await until(() => [again, second].flatMap((stream) => stream.messages).length === 4, 'the last');
    expect(again.messages.slice(0, 2).map((message) => message.params.i)).toEqual([0, 1]);
    expect(second.messages[0].params.i).toBe(0);
    await Promise.all([again.cancel(), second.cancel()]);
  });

  it('is one of eight: another ends the oldest, and each message goes out once', async () => {
    const streams: Events[] = [];
    for (let i = 0; i < 10; i += 1) streams.push(await client.stream());
    await until(() => streams.filter(({ closed }) => closed).length === 2, 'the end of the oldest');
    expect(streams.slice(0, 2).map(({ closed, retryMs }) => [closed, retryMs])).toEqual([
      [true, 1000],
      [true, 1000],
    ]);
    await client.tool('listChanged', { count: 3 });
    await streams.at(-1)?.next(2);
    expect(streams.flatMap(({ messages }) => messages)).toHaveLength(3);
    // Nothing was lost with the connection: the oldest goes on where it was.
    const again = await resumed(streams[0]?.ids.at(-1));
    await client.tool('listChanged', { count: 1 });
    await again.next();
    for (const stream of [...streams, again]) await stream.cancel();
  });

  it('that only its age has ended says when to come again', async () => {
    const young = await startProxy({ limits: { keepAliveSeconds: 0.05, maxStreamSeconds: 0.1 } });
    client = new RawClient(young.url);
    await client.initialize();
    const events = await client.stream();
    await until(() => events.closed, 'the end');
    expect(events.retryMs).toBe(1000);
    await young.close();
  });
});

describe('an id that is none of this session', () => {
  const foreign = async (): Promise<string> => {
    const other = new RawClient(test.url, 'alice');
    await other.initialize();
    const events = await other.stream();
    await other.tool('listChanged', { count: 3 });
    await events.next(2);
    await events.cancel();
    return events.ids[0]!;
  };

  it.each([
    ['of another session', foreign],
    ['made up', () => '00000000-1-0'],
    ['malformed', () => '1\u00e9/../*'],
    ['very long', () => '9'.repeat(8000)],
  ])('%s gives a fresh stream', async (_name, make) => {
    const events = await resumed(await make());
    await client.tool('listChanged', { count: 1 });
    await events.next();
    expect(events.messages).toHaveLength(1);
    await events.cancel();
  });

  it('and the session itself stays its user’s', async () => {
    const before = await broken(stepwise('a'));
    const mallory = new RawClient(test.url, 'mallory', {
      'mcp-session-id': client.headers['mcp-session-id']!,
    });
    const response = await mallory.send('GET', undefined, { 'last-event-id': before.ids[0]! });
    expect(response.status).toBe(404);
    await stepOn();
  });

  it('is also one that has become too old', async () => {
    let now = Date.now();
    const slow = await startProxy({ now: () => now, limits: { keepAliveSeconds: 0.05 } });
    client = new RawClient(slow.url);
    await client.initialize();
    const events = new Events(await client.post(client.call('log')));
    await until(() => events.closed, 'the end');
    expect((await client.send('GET', undefined, { 'last-event-id': events.ids.at(-1)! })).status).toBe(405);
    now += 301_000;
    await until(async () => {
      const response = await client.send('GET', undefined, { 'last-event-id': events.ids.at(-1)! });
      await response.body?.cancel();
      return response.status === 200;
    }, 'a fresh stream');
    await slow.close();
  });
});
