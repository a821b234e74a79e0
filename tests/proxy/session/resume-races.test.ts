/** What happens to a stream in the very moments in which its client comes back for it. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  Events,
  Gate,
  RawClient,
  startProxy,
  until,
  type Loose,
  type TestProxy,
  type TestProxyOptions,
} from '../../helpers/stdio-proxy.ts';

let test: TestProxy;
let client: RawClient;
afterEach(() => test.close());

async function start(options: TestProxyOptions = {}): Promise<void> {
  test = await startProxy(options);
  client = new RawClient(test.url);
  await client.initialize();
}

/** A call that has said half of what it says, and waits. */
async function halfway(id: string): Promise<Events> {
  const args = { before: 2, after: 2 };
  const params = { name: 'stepwise', arguments: args, _meta: { progressToken: id } };
  const events = new Events(await client.post(client.request('tools/call', params, id)));
  await events.next(1);
  return events;
}

const resume = (eventId: string | undefined): Promise<Response> =>
  client.send('GET', undefined, { 'last-event-id': eventId ?? '' });
const stepOn = async (): Promise<string> => (await client.tool('stepOn'), client.tool('pid'));
const said = ({ messages }: Events): unknown[] =>
  messages.map(
    ({ params, result, error }: Loose) => params?.progress ?? result?.content[0].text ?? error.code,
  );

describe('the stream ends', () => {
  it('in the same moment in which its client comes back: nothing is lost or said twice', async () => {
    await start();
    for (let i = 0; i < 20; i += 1) {
      const before = await halfway(`a${i}`);
      await before.cancel();
      const on = client.tool('stepOn');
      const response = await resume(before.ids.at(-1));
      const after = new Events(response);
      await until(() => after.closed, 'the end of the stream');
      await on;
      expect([response.status, said(before), said(after)]).toEqual([200, [1, 2], [3, 4, 'done']]);
    }
  });

  it('over the connection that its client gives up: it comes for what it did not see', async () => {
    await start();
    const before = await halfway('a');
    const [, first] = before.ids;
    await stepOn();
    await until(() => before.closed, 'the end of the stream');
    const after = new Events(await resume(first));
    await until(() => after.closed, 'the end of the stream');
    expect(said(after)).toEqual([2, 3, 4, 'done']);
    // As often as it likes, also by several connections at once.
    const again = await Promise.all([resume(first), resume(first), resume(before.ids[0])]);
    const texts = await Promise.all(again.map((each) => each.text()));
    expect(texts.map((text) => text.match(/^data: \{/gm)?.length)).toEqual([4, 4, 5]);
  });

  it('to several that come at once, the last of which has it', async () => {
    await start();
    const before = await halfway('a');
    await before.cancel();
    const all = await Promise.all([1, 2, 3].map(() => resume(before.ids.at(-1))));
    const streams = all.map((each) => new Events(each));
    await until(() => streams.filter(({ closed }) => closed).length === 2, 'two are cut off');
    await stepOn();
    await until(() => streams.every(({ closed }) => closed), 'the end of the stream');
    expect(streams.map(said).filter(({ length }) => length > 0)).toEqual([[3, 4, 'done']]);
  });
});

describe('what was sent is kept no longer', () => {
  it('while the call goes on: its client gets the rest, however late', async () => {
    let now = Date.now();
    await start({
      now: () => now,
      limits: { keepAliveSeconds: 0.02, replaySeconds: 60, resumeSeconds: 600 },
    });
    const before = await halfway('a');
    await before.cancel();
    now += 120_000;
    // The timer that forgets has come by once this stream has a comment.
    const stream = await client.stream();
    await until(() => stream.comments.length > 1, 'a comment');
    await stream.cancel();
    const after = new Events(await resume(before.ids[0]));
    await stepOn();
    await until(() => after.closed, 'the end of the stream');
    expect(said(after)).toEqual([3, 4, 'done']);
  });

  it('because other sessions need the room: likewise', async () => {
    await start({ limits: { maxMessageBytes: 20_000 } });
    const before = await halfway('a');
    await before.cancel();
    const other = new RawClient(test.url, 'bob');
    for (let i = 0; i < 6; i += 1) {
      await other.initialize();
      for (let j = 0; j < 2; j += 1)
        await (await other.post(other.call('logSlowly', { ms: 0, data: 'x'.repeat(9_000) }))).text();
      delete other.headers['mcp-session-id'];
      delete other.headers['mcp-protocol-version'];
    }
    const after = new Events(await resume(before.ids[0]));
    await stepOn();
    await until(() => after.closed, 'the end of the stream');
    expect(said(after).slice(-3)).toEqual([3, 4, 'done']);
  });
});

describe('the session', () => {
  it('does not expire while a client may come back for its call', async () => {
    let now = Date.now();
    await start({ now: () => now, limits: { sessionIdleSeconds: 0.2, resumeSeconds: 600 } });
    const before = await halfway('a');
    await before.cancel();
    now += 600_000;
    const after = new Events(await resume(before.ids.at(-1)));
    await stepOn();
    await until(() => after.closed, 'the end of the stream');
    expect(said(after)).toEqual([3, 4, 'done']);
  });

  it('ends while its client is away, which is told 404', async () => {
    await start();
    const before = await halfway('a');
    await before.cancel();
    expect((await client.send('DELETE')).status).toBe(204);
    expect((await resume(before.ids.at(-1))).status).toBe(404);
  });

  it('ends when its client has just come back: the call ends with an error', async () => {
    await start();
    const before = await halfway('a');
    await before.cancel();
    const after = new Events(await resume(before.ids.at(-1)));
    await client.send('DELETE');
    await until(() => after.closed, 'the end of the stream');
    expect(said(after)).toEqual([-32000]);
  });

  it('loses its server when the client has just come back: the call ends with an error', async () => {
    await start();
    const before = await halfway('a');
    await before.cancel();
    const after = new Events(await resume(before.ids.at(-1)));
    await client.tool('crash').catch(() => undefined);
    await until(() => after.closed, 'the end of the stream');
    expect(said(after)).toEqual([-32000]);
  });
});

describe('the proxy ends', () => {
  it('not before a client that was away has come back for the answer of its call', async () => {
    await start({ limits: { keepAliveSeconds: 0.02 } });
    const gate = new Gate();
    const before = new Events(await client.post(client.call('wait', gate.args, 'a')));
    await until(() => before.ids.length > 0, 'an id to come back with');
    await gate.begun();
    await before.cancel();
    const closed = test.proxy.close(10_000);
    expect((await client.post(client.call('echo'))).status).toBe(503);
    const after = new Events(await resume(before.ids[0]));
    gate.open();
    await until(() => after.closed, 'the end of the stream');
    expect(said(after)).toEqual(['waited']);
    await closed;
  });

  it('while its client is away for good: it waits no longer than it may', async () => {
    await start({ limits: { keepAliveSeconds: 0.02 } });
    const gate = new Gate();
    const before = new Events(await client.post(client.call('wait', gate.args, 'a')));
    await until(() => before.ids.length > 0, 'an id to come back with');
    await before.cancel();
    await test.proxy.close(300);
    expect(test.proxy.stats()).toEqual({ sessions: 0, children: 0 });
    expect((await resume(before.ids[0])).status).toBe(404);
  });
});
