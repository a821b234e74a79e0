import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isJson, parseAccept } from '../../runtime/proxy/http.ts';
import {
  contextOf,
  RawClient,
  startProxy,
  until,
  type Loose,
  type TestProxy,
} from '../helpers/stdio-proxy.ts';

let test: TestProxy;
let alice: RawClient;

beforeAll(async () => {
  test = await startProxy();
  alice = new RawClient(test.url);
  await alice.initialize();
});
afterAll(() => test.close());

const errorOf = async (response: Response): Promise<Loose> => ((await response.json()) as Loose).error;

describe('headers', () => {
  it.each([
    [undefined, true, true],
    ['*/*', true, true],
    ['application/json, text/event-stream', true, true],
    ['text/event-stream;q=0.5 , Application/JSON', true, true],
    ['application/json', true, false],
    ['text/*', false, true],
    ['text/html, image/png', false, false],
    ['application/json;q=0, text/event-stream', false, true],
  ])('Accept: %s', (header, json, stream) => {
    expect(parseAccept(header)).toEqual({ json, stream });
  });

  it('Content-Type', () => {
    expect(isJson('application/json')).toBe(true);
    expect(isJson('Application/JSON; charset=utf-8')).toBe(true);
    expect(isJson('text/plain')).toBe(false);
    expect(isJson(undefined)).toBe(false);
  });
});

describe('who may call', () => {
  it('refuses a foreign Origin and takes a known one or none', async () => {
    const ping = () => alice.request('ping');
    expect((await alice.post(ping(), { origin: 'https://evil.example' })).status).toBe(403);
    expect((await alice.post(ping(), { origin: 'null' })).status).toBe(403);
    expect((await alice.send('GET', undefined, { origin: 'https://app.example.evil' })).status).toBe(403);
    expect((await alice.post(ping(), { origin: 'https://app.example' })).status).toBe(200);
  });

  it('takes any Origin where * is allowed', async () => {
    const open = await startProxy({ allowedOrigins: ['*'] });
    const client = new RawClient(open.url, 'alice', { origin: 'https://anything.example' });
    await client.initialize();
    await open.close();
  });

  it.each([
    ['missing', ''],
    ['forged', `${contextOf('alice').slice(0, -2)}xx`],
    ['of another service', contextOf('alice', { aud: 'other' })],
    ['expired', contextOf('alice', { exp: 1 })],
  ])('answers 401 to a context that is %s', async (_name, value) => {
    const response = await alice.post(alice.request('ping'), { 'x-mcpgw-context': value });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: 'invalid_token' });
  });

  it('checks the expiry of a context that it has seen', async () => {
    let now = Date.now();
    const clock = await startProxy({ now: () => now });
    const client = new RawClient(clock.url);
    await client.initialize();
    now += 2 * 3600 * 1000;
    expect((await client.post(client.request('ping'))).status).toBe(401);
    await clock.close();
  });

  it("answers 404 for another user's session, an unknown one and none of it says which", async () => {
    const mallory = new RawClient(test.url, 'mallory', {
      'mcp-session-id': alice.headers['mcp-session-id']!,
    });
    for (const method of ['POST', 'GET', 'DELETE']) {
      const body = method === 'POST' ? mallory.request('ping') : undefined;
      const foreign = await mallory.send(method, body);
      const unknown = await mallory.send(method, body, { 'mcp-session-id': 'nothing' });
      expect([foreign.status, unknown.status]).toEqual([404, 404]);
      expect(await foreign.text()).toBe(await unknown.text());
    }
    expect(await alice.tool('echo', { text: 'still here' })).toBe('still here');
  });
});

describe('requests that are refused', () => {
  const cases: [string, number, number | undefined, () => Promise<Response>][] = [
    ['no session', 400, -32000, () => alice.post(alice.request('ping'), { 'mcp-session-id': '' })],
    ['no session on GET', 400, -32000, () => alice.send('GET', undefined, { 'mcp-session-id': '' })],
    ['no session on DELETE', 400, -32000, () => alice.send('DELETE', undefined, { 'mcp-session-id': '' })],
    ['malformed JSON', 400, -32700, () => alice.post('{"jsonrpc":')],
    ['an empty body', 400, -32700, () => alice.post('')],
    ['not JSON-RPC', 400, -32600, () => alice.post('{"hello":1}')],
    ['an empty batch', 400, -32600, () => alice.post('[]')],
    ['a null id', 400, -32600, () => alice.post('{"jsonrpc":"2.0","id":null,"method":"ping"}')],
    ['a batch outside 2025-03-26', 400, -32600, () => alice.post([alice.request('ping')])],
    ['initialize in a session', 400, -32600, () => alice.post(alice.initializeBody())],
    ['a method with a result', 400, -32600, () => alice.post({ ...alice.request('ping'), result: {} })],
    ['a fractional id', 400, -32600, () => alice.post('{"jsonrpc":"2.0","id":1.5,"method":"ping"}')],
    ['an infinite id', 400, -32600, () => alice.post('{"jsonrpc":"2.0","id":1e400,"method":"ping"}')],
    ['params in an array', 400, -32600, () => alice.post({ ...alice.request('ping'), params: [1] })],
    [
      'an unknown version',
      400,
      -32022,
      () => alice.post(alice.request('ping'), { 'mcp-protocol-version': '1999-01-01' }),
    ],
    [
      'an unknown version on GET',
      400,
      -32022,
      () => alice.send('GET', undefined, { 'mcp-protocol-version': 'x' }),
    ],
    [
      'an unknown version on DELETE',
      400,
      -32022,
      () => alice.send('DELETE', undefined, { 'mcp-protocol-version': 'x' }),
    ],
    ['a text body', 415, -32000, () => alice.post('{}', { 'content-type': 'text/plain' })],
    ['Accept: text/html', 406, -32000, () => alice.post(alice.request('ping'), { accept: 'text/html' })],
    ['GET for JSON', 406, -32000, () => alice.send('GET', undefined, { accept: 'application/json' })],
    ['PUT', 405, -32000, () => alice.send('PUT', '{}')],
    ['PATCH', 405, -32000, () => alice.send('PATCH', '{}')],
  ];
  it.each(cases)('%s is %i with code %s', async (_name, status, code, send) => {
    const response = await send();
    expect(response.status).toBe(status);
    expect(await errorOf(response)).toMatchObject({ code });
    if (status === 405) expect(response.headers.get('allow')).toBe('GET, POST, DELETE');
  });

  it('gives the id back where it is known', async () => {
    const response = await alice.post(alice.request('ping', {}, 'my-id'), { 'mcp-session-id': 'nothing' });
    expect(await response.json()).toMatchObject({ id: 'my-id', error: { code: -32001 } });
  });

  it('refuses bytes that are not UTF-8', async () => {
    const body = Buffer.concat([
      Buffer.from('{"jsonrpc":"2.0","id":1,"method":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    const response = await fetch(test.url, { method: 'POST', headers: alice.headers, body });
    expect(await errorOf(response)).toMatchObject({ code: -32700 });
  });

  it('refuses a second request with an id that is pending', async () => {
    const abort = new AbortController();
    const first = alice.post(alice.call('silent', {}, 'twice'), {}, abort.signal).catch(() => undefined);
    await until(async () => {
      const second = await alice.post(alice.request('ping', {}, 'twice'));
      return second.status === 400 && (await errorOf(second)).code === -32600;
    }, 'the second request is refused');
    abort.abort();
    await first;
  });

  it('answers 413 with and without Content-Length, and the connection lives on', async () => {
    const small = await startProxy({ limits: { maxMessageBytes: 100_000 } });
    const client = new RawClient(small.url);
    await client.initialize();
    const text = 'x'.repeat(300_000);
    const response = await client.post(client.call('echo', { text }));
    expect(response.status).toBe(413);
    expect(await errorOf(response)).toMatchObject({ code: -32600 });
    const chunked = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from(JSON.stringify(client.call('echo', { text }))));
        controller.close();
      },
    });
    const init = { method: 'POST', headers: client.headers, body: chunked, duplex: 'half' } as RequestInit;
    expect((await fetch(small.url, init)).status).toBe(413);
    expect(await client.tool('echo', { text: 'fine' })).toBe('fine');
    await small.close();
  });
});

describe('what is served', () => {
  it('a session id of visible ASCII alone, never the same twice', async () => {
    const ids = await Promise.all([1, 2, 3].map(() => new RawClient(test.url).initialize()));
    for (const id of ids) expect(id).toMatch(/^[\x21-\x7e]{20,}$/);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('Accept: */* and no Accept', async () => {
    expect((await alice.post(alice.request('ping'), { accept: '*/*' })).status).toBe(200);
    const { hostname, port } = new URL(test.url);
    const socket = connect(Number(port), hostname);
    const body = JSON.stringify(alice.request('ping'));
    const headers = { ...alice.headers };
    delete headers['accept'];
    const head = Object.entries({
      ...headers,
      host: 'x',
      connection: 'close',
      'content-length': body.length,
    });
    socket.write(`POST /mcp/ HTTP/1.1\r\n${head.map(([k, v]) => `${k}: ${v}`).join('\r\n')}\r\n\r\n${body}`);
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  it.each(['nothing', 'of another user'])('initialize with a session id that is %s', async (id) => {
    const bob = new RawClient(test.url, 'bob');
    const theirs = alice.headers['mcp-session-id'] ?? '';
    const header = { 'mcp-session-id': id === 'nothing' ? id : theirs };
    const response = await bob.post(bob.initializeBody(), header);
    expect(response.status).toBe(200);
    bob.headers['mcp-session-id'] = response.headers.get('mcp-session-id') ?? '';
    expect(['', 'nothing', theirs]).not.toContain(bob.headers['mcp-session-id']);
    expect((await bob.send('DELETE')).status).toBe(204);
    expect(await alice.tool('echo', { text: 'still mine' })).toBe('still mine');
  });

  it('202 without a body for a notification and a response', async () => {
    const notification = await alice.post({ jsonrpc: '2.0', method: 'notifications/roots/list_changed' });
    const response = await alice.post({ jsonrpc: '2.0', id: 'nobody', result: {} });
    expect([notification.status, response.status]).toEqual([202, 202]);
    expect([await notification.text(), await response.text()]).toEqual(['', '']);
  });

  it('a supported version other than the negotiated one, with a note in the log', async () => {
    for (let i = 0; i < 2; i += 1) {
      const response = await alice.post(alice.request('ping'), { 'mcp-protocol-version': '2025-03-26' });
      expect(response.status).toBe(200);
    }
    const notes = test.logs.filter((entry) => entry.fields['header'] === '2025-03-26');
    expect(notes).toHaveLength(1);
  });

  it('JSON with newlines in it', async () => {
    const pretty = JSON.stringify(alice.call('echo', { text: 'a\nb' }), null, 2).replaceAll('\n', '\r\n');
    const message = (await (await alice.post(pretty)).json()) as Loose;
    expect(message.result.content[0].text).toBe('a\nb');
  });

  it('health, without a child', async () => {
    const fresh = await startProxy();
    const response = await fetch(fresh.url.replace('/mcp', '/health'));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok', live: true, ready: true });
    expect(fresh.proxy.stats()).toEqual({ sessions: 0, children: 0 });
    expect((await fetch(fresh.url.replace('/mcp', '/other'))).status).toBe(404);
    await fresh.close();
  });
});
