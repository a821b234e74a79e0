/** Clients with a handshake before a server of 2026-07-28, which has none. */
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_SUBSCRIPTIONS } from '../../../runtime/proxy/models/shared/subscriptions.ts';
import {
  Events,
  RawClient,
  startProxy,
  until,
  type Loose,
  type TestProxy,
} from '../../helpers/stdio-proxy.ts';

const SCRIPT = fileURLToPath(new URL('../../helpers/modern-stdio.ts', import.meta.url));
const ELICITED = { action: 'accept', content: { name: 'Ada' } };

let test: TestProxy;
let client: RawClient;
beforeEach(async () => {
  test = await startProxy({ script: SCRIPT, args: ['--modern'] });
  client = new RawClient(test.url);
});
afterEach(() => test.close());

async function open(version = '2025-11-25'): Promise<Loose> {
  const body = client.initializeBody(version) as Loose;
  body.params.capabilities = { elicitation: {} };
  const response = await client.post(body);
  client.headers['mcp-session-id'] = response.headers.get('mcp-session-id') ?? '';
  const answer = (await response.json()) as Loose;
  await client.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
  return answer;
}

const result = async (body: object): Promise<Loose> =>
  ((await (await client.post(body)).json()) as Loose).result;

describe('a server of 2026-07-28 before a client with a handshake', () => {
  it.each(['2025-11-25', '2025-06-18'])(
    'initializes as one of %s, from what it discovers',
    async (version) => {
      expect((await open(version)).result).toEqual({
        protocolVersion: version,
        capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} },
        serverInfo: { name: 'modern-fixture', version: '1.0.0' },
        instructions: 'Ask away.',
      });
      expect(await client.tool('echo', { text: 'hi' })).toBe('hi');
    },
  );

  it('serves later sessions, of others too', async () => {
    await open();
    await open();
    const second = new RawClient(test.url, 'bob');
    await second.initialize();
    expect(await second.tool('echo', { text: 'second' })).toBe('second');
    const refusals = test.logs.filter(({ level }) => level === 'warn' || level === 'error');
    expect(refusals).toEqual([]);
  });

  it('is told with each request who asks, and its results are as they were', async () => {
    await open();
    const params = { name: 'envelope', _meta: { traceparent: '00-1' } };
    const { content, ...rest } = await result(client.request('tools/call', params));
    expect(JSON.parse(content[0].text).envelope).toEqual({
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
      'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    });
    expect(rest).toEqual({});
    expect(Object.keys(await result(client.request('tools/list')))).toEqual(['tools']);
    expect(await result(client.request('ping'))).toEqual({});
  });

  it('asks the client during a call, as often as it takes', async () => {
    await open();
    const events = new Events(await client.post(client.call('askTwice', {}, 'call')));
    for (const [index, message] of ['one', 'two'].entries()) {
      const question = await events.next(index);
      expect(question).toMatchObject({ method: 'elicitation/create', params: { message } });
      await client.post({ jsonrpc: '2.0', id: question.id, result: ELICITED });
    }
    const answer = await events.next(2);
    expect(answer.id).toBe('call');
    expect(JSON.parse(answer.result.content[0].text)).toEqual({ two: ELICITED });
  });

  it('is answered for by an error when the client cannot say', async () => {
    await open();
    const events = new Events(await client.post(client.call('ask')));
    const { id } = await events.next();
    await client.post({ jsonrpc: '2.0', id, error: { code: -1, message: 'nobody there' } });
    expect((await events.next(1)).error.message).toContain('nobody there');
  });

  it('reports progress and, once a level is set, logs', async () => {
    await open();
    expect(await client.tool('log')).toBe('logged');
    expect(await result(client.request('logging/setLevel', { level: 'warning' }))).toEqual({});
    const logs = new Events(await client.post(client.call('log')));
    expect(await logs.next()).toMatchObject({
      method: 'notifications/message',
      params: { level: 'warning' },
    });
    const call = { name: 'progress', arguments: {}, _meta: { progressToken: 't' } };
    const events = new Events(await client.post(client.request('tools/call', call)));
    await events.next(2);
    expect(events.messages.map(({ params }) => params?.progressToken)).toEqual(['t', 't', undefined]);
  });

  it('refuses a level that there is not, and no later call for it', async () => {
    await open();
    const answer = await client.post(client.request('logging/setLevel', { level: 'loud' }));
    expect(await answer.json()).toMatchObject({ error: { code: -32602 } });
    expect(await client.tool('echo', { text: 'still' })).toBe('still');
  });

  it('is told what the client gives up', async () => {
    await open();
    const slow = client.post(client.call('slow', {}, 'slow'));
    const params = { requestId: 'slow' };
    await until(async () => test.proxy.stats().sessions === 1, 'the session is there');
    await client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
    await (await slow).text();
    await until(
      async () => JSON.parse(await client.tool('envelope')).cancelled === 1,
      'the server has stopped',
    );
  });

  it('is asked for a bounded number of resources, each named in bounded length', async () => {
    await open();
    const subscribe = async (uri: string): Promise<Loose> =>
      (await client.post(client.request('resources/subscribe', { uri }))).json();
    for (let i = 0; i < MAX_SUBSCRIPTIONS; i += 1)
      expect(await subscribe(`test://${i}`)).toMatchObject({ result: {} });
    expect((await subscribe('test://more')).error.code).toBe(-32602);
    await (await client.post(client.request('resources/unsubscribe', { uri: 'test://0' }))).text();
    expect((await subscribe(`test://${'x'.repeat(8_192)}`)).error.code).toBe(-32602);
    expect(await subscribe('test://more')).toMatchObject({ result: {} });
  });

  it('tells of changed lists and of the resources that the client subscribed to', async () => {
    await open();
    const stream = await client.stream();
    await client.tool('change');
    const changed = { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: {} };
    expect(await stream.next()).toEqual(changed);
    expect(await result(client.request('resources/subscribe', { uri: 'test://a' }))).toEqual({});
    await client.tool('update', { uri: 'test://b' });
    await client.tool('update', { uri: 'test://a' });
    const updated = { method: 'notifications/resources/updated', params: { uri: 'test://a' } };
    expect(await stream.next(1)).toMatchObject(updated);
    await client.post(client.request('resources/unsubscribe', { uri: 'test://a' }));
    await client.tool('update', { uri: 'test://a' });
    await client.tool('change');
    expect(await stream.next(2)).toMatchObject({ method: 'notifications/tools/list_changed' });
    await stream.cancel();
  });
});

describe('a server of both eras', () => {
  it('does the handshake itself', async () => {
    await test.close();
    test = await startProxy({ script: SCRIPT });
    client = new RawClient(test.url);
    await open();
    expect(JSON.parse(await client.tool('envelope'))).toEqual({ envelope: null, cancelled: 0 });
  });
});
