/** A denied tool does not exist: no way of listing or calling reaches it, and what is allowed is untouched. */
import {
  Client as CurrentClient,
  StreamableHTTPClientTransport as Current,
} from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterEach, describe, expect, it } from 'vitest';
import { CONTEXT_HEADER, type ToolRules } from '../../runtime/config/context.ts';
import {
  contextOf,
  Events,
  RawClient,
  startProxy,
  type Loose,
  type TestProxy,
} from '../helpers/stdio-proxy.ts';

const RULES: ToolRules = { deny: ['seen', 'big*'] };
const UNKNOWN = (id: number | string) => ({
  jsonrpc: '2.0',
  id,
  error: { code: -32602, message: 'Unknown tool: seen' },
});

let test: TestProxy | undefined;
afterEach(() => test?.close());

const headersFor = (tools?: ToolRules) => ({
  [CONTEXT_HEADER]: contextOf('alice', tools === undefined ? {} : { tools }),
});

async function open(args: string[] = [], version = '2025-11-25'): Promise<RawClient> {
  test = await startProxy({ args });
  const client = new RawClient(test.url, 'alice', headersFor(RULES));
  await client.initialize(version);
  return client;
}

/** What reached the server, asked without rules: the session is the user's, the rules are each request's. */
async function reached(client: RawClient): Promise<string> {
  const response = await client.post(client.call('lines'), headersFor());
  return JSON.stringify(await response.json());
}

const namesIn = (message: Loose): string[] => message.result.tools.map(({ name }: Loose) => name);
const json = async (response: Response): Promise<Loose> => response.json();

describe('a denied tool', () => {
  it('is not listed, and everything else is as the server wrote it', async () => {
    const client = await open();
    const text = await (await client.post(client.request('tools/list'))).text();
    const names = namesIn(JSON.parse(text));
    expect(names).toContain('echo');
    expect(names).not.toContain('seen');
    expect(names).not.toContain('big');
    expect(text).toContain('12345678901234567890');
  });

  it('is on no page of the list', async () => {
    const client = await open(['--page=4']);
    const names: string[] = [];
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const page = await json(await client.post(client.request('tools/list', { cursor })));
      names.push(...namesIn(page));
      cursor = page.result.nextCursor;
    }
    expect(names).toContain('deaf');
    expect(names).not.toContain('seen');
  });

  it('is not listed on a stream either', async () => {
    const client = await open(['--list-late']);
    const events = new Events(await client.post(client.request('tools/list')));
    expect((await events.next()).method).toBe('notifications/message');
    expect(namesIn(await events.next(1))).not.toContain('seen');
  });

  it('is refused like a tool that there is not', async () => {
    const client = await open();
    expect(await json(await client.post(client.call('seen', {}, 7)))).toEqual(UNKNOWN(7));
    expect(await reached(client)).not.toContain('"seen"');
  });

  it.each([
    ['a method in another case', (client: RawClient) => client.request('Tools/Call', { name: 'seen' }, 7)],
    ['a name in another case', (client: RawClient) => client.call('SEEN', {}, 7)],
    [
      'a second name in another case',
      (client: RawClient) => client.request('tools/call', { name: 'echo', Name: 'seen' }, 7),
    ],
    ['a list of names', (client: RawClient) => client.request('tools/call', { name: ['seen'] }, 7)],
    [
      'a duplicate key',
      () => '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","name":"seen"}}',
    ],
    [
      'an escaped key and name',
      () => '{"jsonrpc":"2.0","id":7,"method":"tools/c\\u0061ll","params":{"n\\u0061me":"s\\u0065en"}}',
    ],
  ])('is not reached by %s', async (_, body) => {
    const client = await open();
    const answer = await json(await client.post(body(client)));
    expect(answer).toMatchObject({ id: 7, error: { code: -32602 } });
    expect(answer.error.message).toMatch(/^Unknown tool: /);
  });

  it('is not reached by duplicate keys that hide the method or the parameters', async () => {
    const client = await open();
    const hidden = [
      '{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"seen"},"method":"ping","params":{}}',
      '{"jsonrpc":"2.0","id":9,"method":"ping","Method":"tools/call","params":{},"Params":{"name":"seen"}}',
    ];
    for (const body of hidden) expect(await json(await client.post(body))).toMatchObject({ result: {} });
  });

  it('is not reached by headers that name another tool', async () => {
    const client = await open();
    const headers = { 'mcp-method': 'ping', 'mcp-name': 'echo' };
    expect(await json(await client.post(client.call('seen', {}, 7), headers))).toEqual(UNKNOWN(7));
    const other = { 'mcp-method': 'tools/call', 'mcp-name': 'seen' };
    expect(await json(await client.post(client.call('echo', { text: 'hi' }), other))).toMatchObject({
      result: { content: [{ text: 'hi' }] },
    });
  });

  it('is not reached in a batch, of which the rest is served', async () => {
    const client = await open([], '2025-03-26');
    const batch = [
      client.call('seen', {}, 7),
      client.call('echo', { text: 'hi' }, 8),
      client.call('seen', {}, 9),
    ];
    const answers = await json(await client.post(batch));
    expect(answers).toHaveLength(3);
    expect(answers).toEqual(
      expect.arrayContaining([
        UNKNOWN(7),
        UNKNOWN(9),
        expect.objectContaining({ id: 8, result: expect.anything() }),
      ]),
    );
    const listed = await json(await client.post([client.request('tools/list')]));
    expect(namesIn(listed[0])).not.toContain('seen');
  });

  it('is not reached by a notification', async () => {
    const client = await open();
    const note = (name: string) => ({ jsonrpc: '2.0', method: 'tools/call', params: { name } });
    expect((await client.post(note('seen'))).status).toBe(202);
    expect((await client.post(note('other'))).status).toBe(202);
    const seen = await client.post(client.call('seen'), headersFor());
    const text = (await json(seen)).result.content[0].text as string;
    expect(text).toContain('"other"');
    expect(text).not.toContain('"seen"');
  });

  it('comes and goes with the rules of each request, in an open session', async () => {
    const client = await open();
    expect(await client.tool('seen')).toContain('-32602');
    client.headers[CONTEXT_HEADER] = contextOf('alice');
    expect(await client.tool('seen')).toMatch(/^\[/);
    client.headers[CONTEXT_HEADER] = contextOf('alice', { tools: { allow: ['echo'] } });
    expect(await client.tool('seen')).toContain('-32602');
    expect(namesIn(await json(await client.post(client.request('tools/list'))))).toEqual(['echo']);
  });

  it('does not keep a change of the list from being told', async () => {
    const client = await open();
    const stream = await client.stream();
    await client.tool('listChanged');
    expect((await stream.next()).method).toBe('notifications/tools/list_changed');
    await stream.cancel();
  });
});

describe('without rules', () => {
  it('the answer goes out as the bytes that came in', async () => {
    test = await startProxy();
    const client = new RawClient(test.url);
    await client.initialize();
    const text = await (await client.post(client.request('tools/list'))).text();
    expect(text).toContain('"exact":12345678901234567890');
    expect(namesIn(JSON.parse(text))).toContain('seen');
  });
});

describe.each([
  ['1.x', () => new Client({ name: 'test', version: '1' }), StreamableHTTPClientTransport],
  [
    '2.x',
    () => new CurrentClient({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } }),
    Current,
  ],
])("the SDK's %s client", (_, create, Transport) => {
  it('neither sees nor reaches a denied tool', async () => {
    test = await startProxy();
    const client: Loose = create();
    await client.connect(new Transport(new URL(test.url), { requestInit: { headers: headersFor(RULES) } }));
    const names = (await client.listTools()).tools.map(({ name }: Loose) => name);
    expect(names).toContain('echo');
    expect(names).not.toContain('seen');
    await expect(client.callTool({ name: 'seen', arguments: {} })).rejects.toThrow(/Unknown tool: seen/);
    const { content } = await client.callTool({ name: 'echo', arguments: { text: 'hi' } });
    expect(content).toMatchObject([{ text: 'hi' }]);
    await client.close();
  });
});
