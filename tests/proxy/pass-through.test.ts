/** What the proxy knows nothing of passes both ways as it is: extensions, icons, `ui://`, `_meta`, trace context, numbers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModernClient } from '../helpers/modern-client.ts';
import { Events, RawClient, startProxy, until, type Loose, type TestProxy } from '../helpers/stdio-proxy.ts';

const META = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01',
  tracestate: 'vendor=value',
  baggage: 'userId=alice',
  'com.example/unknown': { deep: [1, 'zwei', null, { drei: true }] },
};
const RESULT = {
  content: [
    { type: 'text', text: 'é 😀 \u2028 </script>', annotations: { audience: ['user'], 'x-unknown': 1 } },
    { type: 'resource_link', uri: 'ui://widget/main.html', name: 'w', mimeType: 'text/html;profile=mcp-app' },
    { type: 'a kind of tomorrow', payload: { any: 'thing' } },
  ],
  structuredContent: { price: 0.1, none: null },
  icons: [{ src: 'data:image/png;base64,AAAA', mimeType: 'image/png', sizes: ['48x48'], theme: 'dark' }],
  _meta: { 'openai/outputTemplate': 'ui://widget/main.html', ui: { resourceUri: 'ui://widget/main.html' } },
  unknown: { member: 'of tomorrow' },
};
/** Beyond what a double holds: no parser on the way may have touched them. */
const NUMBERS = '"id":12345678901234567890,"ratio":1.10,"tiny":1e-400';
const RESULT_JSON = `${JSON.stringify(RESULT).slice(0, -1)},"numbers":{${NUMBERS}}}`;

const EXTENSIONS = { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } };

describe.each(['session', 'user', 'shared'] as const)('process model %s', (model) => {
  let test: TestProxy;
  let client: RawClient;

  beforeAll(async () => {
    test = await startProxy({ process: model });
    client = new RawClient(test.url);
    await client.initialize();
  });
  afterAll(() => test.close());

  it("a client's _meta reaches the server", async () => {
    const call = { name: 'lines', arguments: { 'x-unknown': ['a'] }, _meta: META, task: { ttl: 5 } };
    const response = await client.post(client.request('tools/call', call));
    const message = (await response.json()) as Loose;
    const { current } = JSON.parse(message.result.content[0].text);
    expect(JSON.parse(current).params).toEqual(call);
  });

  it("a server's answer reaches the client, to the last digit", async () => {
    const response = await client.post(client.call('result', { json: RESULT_JSON }, 'an id'));
    expect(await response.text()).toBe(`{"jsonrpc":"2.0","id":"an id","result":${RESULT_JSON}}`);
  });

  it('and on a stream', async () => {
    const meta = { progressToken: 'token', ...META };
    const params = { name: 'progress', arguments: { count: 1 }, _meta: meta };
    const events = new Events(await client.post(client.request('tools/call', params)));
    expect((await events.next()).params.progressToken).toBe('token');
    await events.next(1);
  });

  it("a server's notification of tomorrow reaches the client", async () => {
    const note = {
      jsonrpc: '2.0',
      method: 'notifications/tools/list_changed',
      params: { _meta: META, x: 1 },
    };
    const stream = await client.stream();
    await client.tool('notification', { json: JSON.stringify(note) });
    expect(await stream.next()).toEqual(note);
    await stream.cancel();
  });

  it('a client of 2026-07-28 gets the same, with what its version adds', async () => {
    const { message } = await new ModernClient(test.url).call('result', { json: JSON.stringify(RESULT) });
    expect(message.result).toMatchObject(RESULT);
    expect(message.result.resultType).toBe('complete');
  });
});

describe.each(['session', 'user', 'shared'] as const)(
  'what a server says of itself, process model %s',
  (process) => {
    it('reaches clients of both eras', async () => {
      const capabilities = { extensions: EXTENSIONS, experimental: { 'com.example/x': { y: 1 } } };
      const serverInfo = { title: 'Fixture', websiteUrl: 'https://site.example', icons: RESULT.icons };
      const test = await startProxy({
        process,
        args: [`--says=${JSON.stringify({ capabilities, serverInfo })}`],
      });
      const raw = new RawClient(test.url);
      const initialized = (await (await raw.post(raw.initializeBody())).json()) as Loose;
      expect(initialized.result).toMatchObject({ capabilities, serverInfo });
      const { message } = await new ModernClient(test.url).ask('server/discover');
      expect(message.result.capabilities).toMatchObject(capabilities);
      expect(message.result._meta['io.modelcontextprotocol/serverInfo']).toMatchObject(serverInfo);
      await test.close();
    });
  },
);

it('capabilities.extensions of a client reach a server of its own', async () => {
  const test = await startProxy();
  const client = new RawClient(test.url);
  const body = client.initializeBody() as Loose;
  body.params.capabilities.extensions = EXTENSIONS;
  body.params.clientInfo.icons = RESULT.icons;
  const response = await client.post(body);
  client.headers['mcp-session-id'] = response.headers.get('mcp-session-id')!;
  const { first } = JSON.parse(await client.tool('lines'));
  expect(JSON.parse(first).params).toEqual(body.params);
  await test.close();
});

describe('a batch of 2025-03-26', () => {
  it('mixes requests, notifications and answers, and is answered whole', async () => {
    const test = await startProxy();
    const client = new RawClient(test.url);
    await client.initialize('2025-03-26');
    const asking = new Events(await client.post(client.call('ask', {}, 'asks')));
    const asked = await asking.next();
    const answers = (await (
      await client.post([
        { jsonrpc: '2.0', method: 'notifications/one', params: {} },
        client.call('echo', { text: 'first' }, 'a'),
        { jsonrpc: '2.0', id: asked.id, result: { model: 'in a batch' } },
        client.request('no/such/method', {}, 'b'),
        { jsonrpc: '2.0', id: 'nobody asked', result: {} },
      ])
    ).json()) as Loose[];
    expect(answers.map(({ id }) => id).toSorted()).toEqual(['a', 'b']);
    expect(answers.find(({ id }) => id === 'b')!.error.code).toBe(-32601);
    expect((await asking.next(1)).result.content[0].text).toContain('in a batch');
    const seen = JSON.parse(await client.tool('seen')) as Loose[];
    expect(seen.map(({ method }) => method)).toContain('notifications/one');
    await test.close();
  });

  it('can come back for the rest of its stream', async () => {
    const test = await startProxy();
    const client = new RawClient(test.url);
    await client.initialize('2025-03-26');
    const step = (id: string): object =>
      client.request(
        'tools/call',
        { name: 'stepwise', arguments: { before: 1, after: 1, text: id }, _meta: { progressToken: id } },
        id,
      );
    const events = new Events(await client.post([step('a'), step('b')]));
    await events.next(1);
    await events.cancel();
    await client.tool('stepOn');
    const rest = await client.stream({ 'last-event-id': events.ids.at(-1)! });
    await until(() => rest.closed, 'the end of the stream');
    const answers = rest.messages.filter(({ result }) => result !== undefined);
    expect(answers.map(({ id, result }) => [id, result.content[0].text]).toSorted()).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ]);
    await test.close();
  });
});
