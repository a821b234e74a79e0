import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { signContext } from '../../runtime/config/context.ts';
import { deriveKey } from '../../runtime/config/secrets.ts';
import { createEchoStateful } from '../../runtime/services/echo-stateful/server.ts';
import { createEchoStateless } from '../../runtime/services/echo-stateless/server.ts';
import { INITIALIZE, KEY, LIST_TOOLS, callTool, contextOf, start } from './harness.ts';

const both = [
  { kind: 'stateful', create: createEchoStateful },
  { kind: 'stateless', create: createEchoStateless },
];

describe.each(both)('what stands before the tools of $kind', ({ create }) => {
  it('refuses a context that is missing, forged, expired, for another service, or repeated', async () => {
    const { post, clock, headers } = await start(create);
    const good = headers('alice')['x-mcpgw-context'] ?? '';
    const bad = [
      undefined,
      'x',
      `${good}x`,
      signContext(
        contextOf('alice', clock.now()),
        deriveKey('another root secret, also long enough', 'context:echo'),
      ),
      signContext(contextOf('alice', clock.now() - 61_000), KEY),
      signContext(contextOf('alice', clock.now(), { aud: 'fetch' }), KEY),
      `${good}, ${good}`,
    ];
    for (const value of bad) {
      const response = await post(INITIALIZE, {
        'x-user-id': 'github:alice',
        ...(value !== undefined && { 'x-mcpgw-context': value }),
      });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: 'unauthorized' });
    }
  });

  it('refuses the origin of a strange page before anything else, and no other', async () => {
    const { post, headers } = await start(create);
    expect((await post(INITIALIZE, { ...headers('alice'), origin: 'https://evil.example' })).status).toBe(
      403,
    );
    expect((await post(INITIALIZE, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await post(INITIALIZE, { ...headers('alice'), origin: 'https://app.example.com' })).status).toBe(
      200,
    );
  });

  it('answers malformed JSON 400, a wrong type 415, and a body that is too long 413', async () => {
    const { post, headers } = await start(create, { maxBodyBytes: 100_000 });
    for (const body of ['{', '', '{"jsonrpc":"2.0"', 'null', '7', '{"a":1}']) {
      expect((await post(body, headers('alice'))).status).toBe(400);
    }
    expect((await post(INITIALIZE, { ...headers('alice'), 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post('x'.repeat(100_001), headers('alice'))).status).toBe(413);
  });

  it('answers 413 to a body that does not say how long it is', async () => {
    const { url, headers } = await start(create);
    const chunk = new Uint8Array(1024 * 1024).fill(0x20);
    let left = 11;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()),
    });
    const all = { ...headers('alice'), 'content-type': 'application/json' };
    const response = await fetch(`${url}/mcp`, { method: 'POST', headers: all, body, duplex: 'half' });
    expect(response.status).toBe(413);
  });

  it('bounds what users and all together have unfinished', async () => {
    const { url, headers } = await start(create, { maxBodyBytes: 100_000 });
    const { hostname, port } = new URL(url);
    const begin = (name: string) =>
      new Promise<number>((resolve) => {
        const all = { ...headers(name), 'content-type': 'application/json', 'content-length': 100_000 };
        const sent = request({ hostname, port, path: '/mcp', method: 'POST', headers: all });
        sent.on('response', ({ statusCode = 0 }) => resolve(statusCode)).on('error', () => resolve(0));
        sent.write(' '.repeat(90_000));
        onTestFinished(() => void sent.destroy());
      });
    const refusal = (name: string) => Promise.race(Array.from({ length: 5 }, () => begin(name)));
    expect(await refusal('alice')).toBe(429);
    expect(await refusal('bob')).toBe(429);
    expect(await refusal('carol')).toBe(503);
  });

  it('survives a client that leaves in the middle of its body', async () => {
    const { url, headers, post } = await start(create);
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const lines = Object.entries({
      ...headers('alice'),
      'content-type': 'application/json',
      'content-length': '100',
    });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    await new Promise((sent) => socket.write(`POST /mcp HTTP/1.1\r\nHost: x\r\n${head}\r\n{"json`, sent));
    socket.destroy();
    expect((await post(INITIALIZE, headers('alice'))).status).toBe(200);
  });

  it('serves /mcp/ as /mcp, and any or no Accept', async () => {
    const { url, headers } = await start(create);
    for (const path of ['/mcp', '/mcp/', '/mcp?x=1']) {
      for (const accept of ['*/*', 'application/json, text/event-stream', 'text/html, */*;q=0.1']) {
        const all = { ...headers('alice'), 'content-type': 'application/json', accept };
        const response = await fetch(url + path, {
          method: 'POST',
          headers: all,
          body: JSON.stringify(INITIALIZE),
        });
        expect(response.status).toBe(200);
        expect(await response.json()).toMatchObject({ result: { protocolVersion: '2025-06-18' } });
      }
    }
  });

  it('knows no other path and no other method', async () => {
    const { url, headers } = await start(create);
    for (const path of ['/', '/mcpx', '/mcp//', '/mcp/x', '/health/']) {
      expect((await fetch(url + path, { headers: headers('alice') })).status).toBe(404);
    }
    const put = await fetch(`${url}/mcp`, { method: 'PUT', headers: headers('alice') });
    expect([put.status, put.headers.get('allow')?.includes('POST')]).toEqual([405, true]);
  });

  it('says that it is well, to anyone, and 503 when it is closing', async () => {
    const { url, service, post, headers } = await start(create);
    expect(await (await fetch(`${url}/health`)).json()).toEqual({
      status: 'ok',
      service: 'echo',
      sessions: 0,
    });
    await service.close();
    expect((await fetch(`${url}/health`)).status).toBe(503);
    const refused = await post(LIST_TOOLS, headers('alice'));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  });

  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
    'agrees on %s',
    async (protocolVersion) => {
      const { post, headers } = await start(create);
      const params = { ...INITIALIZE.params, protocolVersion };
      const response = await post({ ...INITIALIZE, params }, headers('alice'));
      expect(await response.json()).toMatchObject({
        result: { protocolVersion, serverInfo: { name: 'echo' } },
      });
    },
  );

  it('answers a version that it does not know with one that it does', async () => {
    const { post, headers } = await start(create);
    const params = { ...INITIALIZE.params, protocolVersion: '1999-01-01' };
    const response = await post({ ...INITIALIZE, params }, headers('alice'));
    expect(await response.json()).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
  });

  it('answers a request that its own batch cancels, since it is done at once', async () => {
    const { post, headers, initialize } = await start(create);
    const id = (await initialize('alice')).headers.get('mcp-session-id');
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 3 } };
    const all = { ...headers('alice'), ...(id !== null && { 'mcp-session-id': id }) };
    const response = await post([callTool('echo', { message: 'x' }), cancel], all);
    expect(await response.json()).toMatchObject({ id: 3, result: { content: [{ text: 'x' }] } });
  });

  it('has no tools but those that the rules of the caller leave', async () => {
    const { post, headers } = await start(create);
    const first = await post(INITIALIZE, headers('alice'));
    const id = first.headers.get('mcp-session-id');
    const session = id === null ? {} : { 'mcp-session-id': id };
    const send = async (body: object, tools: object) =>
      (await post(body, { ...headers('alice', { tools }), ...session })).json();
    const names = async (tools: object) =>
      ((await send(LIST_TOOLS, tools)) as { result: { tools: { name: string }[] } }).result.tools.map(
        ({ name }) => name,
      );
    expect(await names({ allow: ['echo', 'printHeader'], deny: ['printHeader'] })).toEqual(['echo']);
    expect(await names({ allow: [] })).toEqual([]);
    expect(await names({ deny: ['echo'] })).not.toContain('echo');
    const denied = await send(callTool('echo', { message: 'x' }), { deny: ['echo'] });
    expect(denied).toMatchObject({
      error: { code: -32602, message: expect.stringContaining('Unknown tool') },
    });
  });
});
