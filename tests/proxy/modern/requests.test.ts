/** Which requests are taken for 2026-07-28, and what is wrong with those that are refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODERN, ModernClient } from '../../helpers/modern-client.ts';
import { RawClient, startProxy, type Loose, type TestProxy } from '../../helpers/stdio-proxy.ts';

let test: TestProxy;
let client: ModernClient;
beforeAll(async () => {
  test = await startProxy({ args: ['--param-headers'], limits: { maxChildrenPerUser: 100 } });
  client = new ModernClient(test.url);
});
afterAll(() => test.close());

const META = 'io.modelcontextprotocol/';

async function refused(body: Loose, headers: Record<string, string> = {}): Promise<Loose[]> {
  const response = await client.post(body, headers);
  const { error, id } = (await response.json()) as Loose;
  expect(id).toBe(body.id ?? null);
  return [response.status, error.code, ...(error.data === undefined ? [] : [error.data])];
}

describe('server/discover', () => {
  it("is answered from the child's initialize", async () => {
    const { status, message } = await client.ask('server/discover');
    expect(status).toBe(200);
    expect(message.result).toEqual({
      resultType: 'complete',
      supportedVersions: [MODERN, '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'],
      capabilities: { tools: {}, logging: {} },
      ttlMs: 0,
      cacheScope: 'private',
      _meta: { [`${META}serverInfo`]: { name: 'fixture', version: '1.0.0' } },
    });
  });
});

describe('a result', () => {
  const serverInfo = { [`${META}serverInfo`]: { name: 'fixture', version: '1.0.0' } };

  it('is completed', async () => {
    const { message } = await client.call('pid');
    expect(message.result).toMatchObject({ resultType: 'complete', _meta: serverInfo });
    expect(message.result).not.toHaveProperty('ttlMs');
  });

  it('of a list may not be kept, and keeps what the server wrote, to the last digit', async () => {
    const body = client.body('tools/list', {}, 'list');
    const text = await (await client.post(body)).text();
    expect(text).toContain('12345678901234567890');
    expect(JSON.parse(text)).toMatchObject({
      id: 'list',
      result: { resultType: 'complete', ttlMs: 0, cacheScope: 'private', _meta: serverInfo },
    });
  });

  it('has the id of its own request, whoever else uses it', async () => {
    const other = new ModernClient(test.url);
    const answers = await Promise.all([client, other].map((each, i) => each.tool('env', { i })));
    expect(answers).toHaveLength(2);
    const same = await Promise.all(
      ['a', 'b'].map(async (text) => {
        const params = { name: 'sleep', arguments: { ms: text === 'a' ? 30 : 1 } };
        const response = await client.post(client.body('tools/call', params, 'same'));
        return ((await response.json()) as Loose).id;
      }),
    );
    expect(same).toEqual(['same', 'same']);
  });
});

describe('a request of the era', () => {
  it('needs its envelope', async () => {
    const headers = { 'mcp-method': 'tools/list', 'mcp-protocol-version': MODERN };
    const without = (key: string): Loose => {
      const body = client.body('tools/list');
      delete body.params._meta[`${META}${key}`];
      return body;
    };
    for (const body of [
      { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} },
      { jsonrpc: '2.0', id: 1, method: 'tools/list' },
      without('protocolVersion'),
      without('clientCapabilities'),
    ])
      expect(await refused(body, headers)).toMatchObject([400, -32602, expect.anything()]);
    const odd = client.body('tools/list', { _meta: { [`${META}logLevel`]: 'loud' } });
    expect(await refused(odd)).toMatchObject([400, -32602, { envelope: { key: `${META}logLevel` } }]);
    const info = without('clientInfo');
    expect((await client.post(info)).status).toBe(200);
  });

  it('needs headers that say what it says', async () => {
    const call = client.body('tools/call', { name: 'pid' });
    expect(await refused(call, { 'mcp-method': 'tools/list' })).toMatchObject([400, -32020]);
    expect(await refused(call, { 'mcp-method': 'TOOLS/CALL' })).toMatchObject([400, -32020]);
    expect(await refused(call, { 'mcp-method': '' })).toMatchObject([400, -32020]);
    expect(await refused(call, { 'mcp-protocol-version': '' })).toMatchObject([400, -32020]);
    expect(await refused(call, { 'mcp-protocol-version': '2025-11-25' })).toMatchObject([400, -32020]);
    expect(await refused(call, { 'mcp-name': 'echo' })).toMatchObject([400, -32020]);
    expect(await refused(call, { 'mcp-name': '' })).toMatchObject([400, -32020]);
    expect(await refused(call, { 'mcp-name': '=?base64?cGlk!?=' })).toMatchObject([400, -32020]);
    expect((await client.post(call, { 'mcp-name': '=?base64?cGlk?=' })).status).toBe(200);
  });

  it('needs a header for each argument that the tool wants in one', async () => {
    const call = (text: unknown): Loose => client.body('tools/call', { name: 'echo', arguments: { text } });
    expect(await refused(call('x'))).toMatchObject([400, -32020]);
    expect(await refused(call('x'), { 'mcp-param-text': 'y' })).toMatchObject([400, -32020]);
    expect(await refused(call('x'), { 'mcp-param-text': '=?base64?!?=' })).toMatchObject([400, -32020]);
    for (const [text, header] of [
      ['x', 'x'],
      ['ü', '=?base64?w7w=?='],
      ['', ''],
    ] as const) {
      const response = await client.post(call(text), { 'mcp-param-text': header });
      expect(response.status).toBe(text === '' ? 400 : 200);
      await response.text();
    }
    expect((await client.post(call(null))).status).toBe(200);
  });

  it('names a version that is served', async () => {
    const version = { _meta: { [`${META}protocolVersion`]: '2099-01-01' } };
    const [status, code, data] = await refused(client.body('server/discover', version), {
      'mcp-protocol-version': '2099-01-01',
    });
    expect([status, code, data.requested]).toEqual([400, -32022, '2099-01-01']);
    expect(data.supported).toContain(MODERN);
  });

  it.each([
    'initialize',
    'ping',
    'logging/setLevel',
    'resources/subscribe',
    'resources/unsubscribe',
    'made/up',
  ])('%s is no method of it', async (method) =>
    expect(await refused(client.body(method))).toMatchObject([404, -32601]),
  );

  it('comes alone', async () => {
    const response = await client.raw.post([client.body('tools/list')]);
    expect([response.status, ((await response.json()) as Loose).error.code]).toEqual([400, -32600]);
    const answer = { jsonrpc: '2.0', id: 1, result: {} };
    const header = { 'mcp-protocol-version': MODERN };
    expect((await client.raw.post(answer, header)).status).toBe(400);
  });

  it('is a POST', async () => {
    for (const method of ['GET', 'DELETE']) {
      const response = await client.raw.send(method, undefined, { 'mcp-protocol-version': MODERN });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    }
  });

  it('has notifications, which end with 202', async () => {
    const body = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };
    const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': body.method };
    expect((await client.raw.post(body, headers)).status).toBe(202);
    expect((await client.raw.post(body, { ...headers, 'mcp-method': 'other' })).status).toBe(400);
  });

  it('says of a resource that is not there what the era says', async () => {
    const { message } = await client.ask('resources/read', { uri: 'test://none' });
    expect(message.error).toMatchObject({ code: -32602, data: { uri: 'test://none' } });
  });
});

describe('the handshake', () => {
  it('is served beside it', async () => {
    const legacy = new RawClient(test.url);
    await legacy.initialize();
    expect(await legacy.tool('echo', { text: 'old' })).toBe('old');
    expect(await client.tool('pid')).not.toBe(await legacy.tool('pid'));
    const mixed = await legacy.post(client.body('tools/list'), client.headers({ method: 'tools/list' }));
    expect(((await mixed.json()) as Loose).result.resultType).toBe('complete');
  });

  it('does not begin under a header of the other era', async () => {
    const legacy = new RawClient(test.url);
    const body = legacy.initializeBody() as Loose;
    expect(await refused(body, { 'mcp-protocol-version': MODERN })).toMatchObject([400, -32020]);
  });
});
