import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  Events,
  Gate,
  RawClient,
  startProxy,
  until,
  type Loose,
  type TestProxy,
} from '../../helpers/stdio-proxy.ts';

let test: TestProxy;
let client: RawClient;

beforeAll(async () => {
  test = await startProxy({ limits: { maxSessionsPerUser: 100, resumeSeconds: 0.1 } });
});
afterAll(() => test.close());
beforeEach(async () => {
  client = new RawClient(test.url);
  await client.initialize();
});

const streamOf = async (body: object): Promise<Events> => {
  const response = await client.post(body);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  return new Events(response);
};

describe('answers', () => {
  it('are JSON when nothing else is said, with the bytes of the server', async () => {
    const response = await client.post(client.call('echo', { text: 'hello' }, 'id-1'));
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('content-length')).not.toBeNull();
    const text = JSON.stringify({
      jsonrpc: '2.0',
      id: 'id-1',
      result: { content: [{ type: 'text', text: 'hello' }] },
    });
    expect(await response.text()).toBe(text);
  });

  it('keep the ids 1 and "1" apart', async () => {
    const [number, string] = await Promise.all([
      client.post(client.call('echo', { text: 'number' }, 1)),
      client.post(client.call('echo', { text: 'string' }, '1')),
    ]);
    expect(await number.json()).toMatchObject({ id: 1, result: { content: [{ text: 'number' }] } });
    expect(await string.json()).toMatchObject({ id: '1', result: { content: [{ text: 'string' }] } });
  });

  it('become a stream with the first progress notification', async () => {
    const call = client.request('tools/call', {
      name: 'progress',
      arguments: { count: 3 },
      _meta: { progressToken: 'tok' },
    }) as Loose;
    const events = await streamOf(call);
    expect(events.headers.get('cache-control')).toBe('no-cache, no-transform');
    expect(events.headers.get('x-accel-buffering')).toBe('no');
    const last = await events.next(3);
    expect(events.messages.slice(0, 3).map((message) => message.params.progress)).toEqual([1, 2, 3]);
    expect(last.result.content[0].text).toBe('done');
    await until(() => events.closed, 'the stream ends after the answer');
  });

  it('send progress to its own call while another is pending', async () => {
    const abort = new AbortController();
    const meta = { progressToken: 7 };
    const first = client.request('tools/call', {
      name: 'sleep',
      arguments: { ms: 100 },
      _meta: { progressToken: 8 },
    });
    const other = client.post(first, {}, abort.signal);
    const events = await streamOf(
      client.request('tools/call', { name: 'progress', arguments: { count: 1 }, _meta: meta }),
    );
    expect(await events.next()).toMatchObject({ params: { progressToken: 7 } });
    expect((await other).headers.get('content-type')).toBe('application/json');
  });

  it('become a stream with a log message', async () => {
    const events = await streamOf(client.call('log'));
    expect(await events.next()).toMatchObject({ method: 'notifications/message' });
    expect(await events.next(1)).toMatchObject({ result: { content: [{ text: 'logged' }] } });
  });

  it('stay JSON for a client that takes only JSON', async () => {
    const response = await client.post(client.call('log'), { accept: 'application/json' });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({ result: { content: [{ text: 'logged' }] } });
    const events = await client.stream();
    expect(await events.next()).toMatchObject({ method: 'notifications/message' });
    await events.cancel();
  });

  it('are a stream for a client that takes only streams', async () => {
    const response = await client.post(client.call('echo', { text: 'x' }), { accept: 'text/event-stream' });
    expect(await new Events(response).next()).toMatchObject({ result: {} });
  });

  it('come whole with 5 MB both ways', async () => {
    expect(await client.tool('length', { text: 'y'.repeat(5_000_000) })).toBe('5000000');
    expect((await client.tool('big', { bytes: 5_000_000 })).length).toBe(5_000_000);
  });

  it('keep characters whole that the server writes in two pieces', async () => {
    expect(await client.tool('split', { text: 'naïve 😀 ende' })).toBe('naïve 😀 ende');
  });

  it('may come in an array', async () => {
    expect(await client.tool('batch')).toBe('in an array');
  });
});

describe("the server's own messages", () => {
  it('go to the pending call, and the response goes back', async () => {
    const events = await streamOf(client.call('ask'));
    const request = await events.next();
    expect(request).toMatchObject({ method: 'sampling/createMessage', id: expect.any(String) });
    const reply = { jsonrpc: '2.0', id: request.id, result: { role: 'assistant', model: 'm' } };
    expect((await client.post(reply)).status).toBe(202);
    const answer = await events.next(1);
    expect(answer.result.content[0].text).toBe(JSON.stringify(reply.result));
  });

  it('go to the call before where the last one takes only JSON', async () => {
    const gate = new Gate();
    const call = client.post(client.call('wait', gate.args));
    await gate.begun();
    const json = await client.post(client.call('log'), { accept: 'application/json' });
    expect(await json.json()).toMatchObject({ result: { content: [{ text: 'logged' }] } });
    const events = new Events(await call);
    expect(await events.next()).toMatchObject({ method: 'notifications/message' });
    gate.open();
    expect(await events.next(1)).toMatchObject({ result: { content: [{ text: 'waited' }] } });
  });

  it('go to one GET stream when no call is pending', async () => {
    const streams = [await client.stream(), await client.stream()];
    await client.tool('listChanged', { count: 3 });
    await client.tool('askLater');
    await until(() => streams.flatMap((stream) => stream.messages).length >= 4, 'all four messages');
    expect(streams.map((stream) => stream.messages.length).toSorted()).toEqual([0, 4]);
    await Promise.all(streams.map((stream) => stream.cancel()));
  });

  it('wait for the GET stream, in order', async () => {
    await client.tool('listChanged', { count: 3 });
    const events = await client.stream();
    await events.next(2);
    expect(events.messages.map((message) => message.params.i)).toEqual([0, 1, 2]);
    await events.cancel();
  });

  it('wait for the next call when they ask something', async () => {
    await client.tool('askAlone');
    // Once this is answered, the server has asked; it cannot carry the question.
    await client.post(client.call('pid'), { accept: 'application/json' });
    const answer = await streamOf(client.call('echo', { text: 'x' }));
    expect(await answer.next()).toMatchObject({ method: 'sampling/createMessage' });
    expect(await answer.next(1)).toMatchObject({ result: {} });
  });
});

describe('a full backlog', () => {
  it('drops the oldest, and tells the server that a request of its own was dropped', async () => {
    const small = await startProxy({ limits: { maxBacklogMessages: 2 } });
    client = new RawClient(small.url);
    await client.initialize();
    await client.tool('askAlone');
    // One that takes a stream would carry the request.
    await client.post(client.call('listChanged', { count: 5 }), { accept: 'application/json' });
    const seen = await until(async () => {
      const response = await client.post(client.call('seen'), { accept: 'application/json' });
      const text = await response.text();
      return text.includes('asked') ? text : undefined;
    }, 'the server has its answer');
    expect(seen).toContain('no stream open');
    const events = await client.stream();
    await events.next(1);
    expect(events.messages.map((message) => message.params.i)).toEqual([3, 4]);
    await events.cancel();
    await small.close();
  });

  it('has no room for late progress', async () => {
    await client.tool('lateProgress');
    await client.tool('listChanged');
    const events = await client.stream();
    expect(await events.next()).toMatchObject({ method: 'notifications/tools/list_changed' });
    await events.cancel();
  });
});

describe('a client that goes away', () => {
  it('cancels its call in the server', async () => {
    const abort = new AbortController();
    const call = client.post(client.call('silent', {}, 'gone'), {}, abort.signal).catch(() => 'aborted');
    await client.tool('echo', { text: 'the call before has arrived' });
    abort.abort();
    expect(await call).toBe('aborted');
    const seen = await until(async () => {
      const all = JSON.parse(await client.tool('seen')) as { method: string; params: Loose }[];
      return all.find((message) => message.method === 'notifications/cancelled');
    }, 'the server sees the cancellation');
    expect(seen.params.requestId).toBe('gone');
  });

  it('cancels a call whose stream is open already', async () => {
    const events = await streamOf(client.call('ask', {}, 'asked'));
    await events.next();
    await events.cancel();
    await until(async () => (await client.tool('seen')).includes('"requestId":"asked"'), 'the cancellation');
  });

  it('gets an empty stream for a request that it cancels itself', async () => {
    const call = client.post(client.call('silent', {}, 'mine'));
    await client.tool('echo', { text: 'the call before has arrived' });
    await client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'mine' } });
    const response = await call;
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it('gets an error for a request that it cancels itself where it takes only JSON', async () => {
    const call = client.post(client.call('silent', {}, 'mine'), { accept: 'application/json' });
    await client.tool('echo', { text: 'the call before has arrived' });
    await client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'mine' } });
    expect(await (await call).json()).toMatchObject({ id: 'mine', error: { code: -32000 } });
  });

  it('cancels by nothing but the notification that says so', async () => {
    const gate = new Gate();
    const call = client.post(client.call('wait', gate.args, 'mine'));
    await gate.begun();
    for (const method of ['notifications/x', 'notifications/progress'])
      await client.post({ jsonrpc: '2.0', method, params: { requestId: 'mine' } });
    gate.open();
    expect(await (await call).json()).toMatchObject({ result: { content: [{ text: 'waited' }] } });
  });

  it('is not waited for by a request that it cancelled', async () => {
    const one = await startProxy({ limits: { maxPendingCalls: 1 } });
    const own = new RawClient(one.url);
    await own.initialize();
    const cancel = (requestId: number): object => ({
      ...{ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } },
    });
    for (let id = 1; id < 5; id += 1) {
      const call = own.post(own.call('silent', {}, id));
      await until(async () => (await own.post(own.request('ping'))).status === 429, 'the call is pending');
      await own.post(cancel(id));
      expect(await (await call).text()).toBe('');
    }
    expect(await own.tool('echo', { text: 'on' })).toBe('on');
    await one.close();
  });
});

describe('batches of 2025-03-26', () => {
  it('are answered with an array', async () => {
    const old = new RawClient(test.url);
    await old.initialize('2025-03-26');
    const batch = [
      old.call('echo', { text: 'a' }),
      { jsonrpc: '2.0', method: 'x' },
      old.call('echo', { text: 'b' }),
    ];
    const answers = (await (await old.post(batch)).json()) as Loose[];
    expect(answers.map((answer) => answer.result.content[0].text).toSorted()).toEqual(['a', 'b']);
    expect((await old.post([{ jsonrpc: '2.0', method: 'x' }])).status).toBe(202);
    const same = [old.request('ping', {}, 5), old.request('ping', {}, 5)];
    expect((await old.post(same)).status).toBe(400);
  });

  it('do no harm when they are nested deeply', async () => {
    const old = new RawClient(test.url);
    await old.initialize('2025-03-26');
    const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
    const response = await old.post(`[{"jsonrpc":"2.0","method":"x","params":{"a":${deep}}}]`);
    expect(response.status).toBe(400);
    expect(await client.tool('echo', { text: 'fine' })).toBe('fine');
  });

  it('become a stream like others', async () => {
    const old = new RawClient(test.url);
    await old.initialize('2025-03-26');
    const events = new Events(await old.post([old.call('log'), old.call('echo', { text: 'b' })]));
    await events.next(2);
    await until(() => events.closed, 'the end of the stream');
  });
});

describe('versions', () => {
  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])('%s is served', async (version) => {
    const old = new RawClient(test.url);
    await old.initialize(version);
    expect(await old.tool('echo', { text: version })).toBe(version);
  });
});
