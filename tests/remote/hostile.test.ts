/** What a remote server or a client may try, and what comes of it. */
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CONTEXT_HEADER } from '../../runtime/config/context.ts';
import { contextOf, Events, RawClient, until, type Loose } from '../helpers/stdio-proxy.ts';
import { startHttpsSite } from '../helpers/https-site.ts';
import { DEFAULT_REMOTE_LIMITS } from '../../runtime/remote/limits.ts';
import { createUpstream } from '../../runtime/remote/upstream.ts';
import { type Answer, listening, rawServer, sdk1Server, startRemote, TOKEN } from './support.ts';

const RESULT = '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}';
const STREAM = { 'content-type': 'text/event-stream' };

async function answer(given: Answer, limits = {}) {
  const test = await startRemote(
    rawServer(() => given),
    { limits },
  );
  const client = new RawClient(test.url);
  const response = await client.post(client.call('echo', {}, 1)).catch((error: Error) => error);
  return { ...test, client, response: response as Response };
}

describe('a server that', () => {
  test('says things in headers is not heard', async () => {
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'set-cookie': ['a=b', 'c=d'],
      'www-authenticate': 'Bearer resource_metadata="https://evil.example"',
      'access-control-allow-origin': '*',
      'mcp-session-id': 'forced',
      'strict-transport-security': 'max-age=1',
      location: 'https://evil.example',
      'x-secret': TOKEN,
    };
    const { response } = await answer({ headers, text: RESULT });
    expect(response.status).toBe(200);
    expect([...response.headers.keys()].sort()).toEqual([
      'connection',
      'content-type',
      'date',
      'keep-alive',
      'transfer-encoding',
    ]);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.text()).toBe(RESULT);
  });

  test.each([
    [401, 502, /credentials/],
    [403, 502, /credentials/],
    [302, 502, /redirects/],
    [307, 502, /redirects/],
    [500, 502, /failed \(500\)/],
    [503, 503, /not available/],
    [504, 504, /too long/],
    [418, 502, /failed \(418\)/],
    [429, 429, /refused the request/],
  ])('answers %i is %i for the client', async (status, expected, message) => {
    const headers = {
      location: 'https://evil.example/',
      'www-authenticate': 'Bearer',
      'content-type': 'text/html',
    };
    const { response, seen } = await answer({ status, headers, text: 'internal detail' });
    expect(response.status).toBe(expected);
    expect(response.headers.get('www-authenticate')).toBeNull();
    expect(response.headers.get('location')).toBeNull();
    const { error, id } = (await response.json()) as Loose;
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('internal detail');
    expect(id).toBe(1);
    expect(seen).toHaveLength(1);
  });

  test('refuses with a JSON-RPC error is heard: the version negotiation of 2026-07-28 lives by it', async () => {
    const error = { code: -32022, message: 'Unsupported', data: { supported: ['2025-11-25'] } };
    const { response } = await answer({
      status: 400,
      text: JSON.stringify({ jsonrpc: '2.0', id: null, error, more: 1 }),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ jsonrpc: '2.0', id: 1, error });
  });

  test.each([
    ['no JSON and no events', { headers: { 'content-type': 'text/html' }, text: '<html>' }],
    ['no type at all', { headers: {}, text: RESULT }],
    [
      'compressed content',
      { headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' }, text: 'x' },
    ],
    [
      'a declared length beyond the limit',
      { headers: { 'content-type': 'application/json', 'content-length': '5000' }, text: 'x'.repeat(5000) },
    ],
  ] as [string, Answer][])('sends %s is a 502', async (_, given) => {
    const { response } = await answer(given, { maxMessageBytes: 1000 });
    expect(response.status).toBe(502);
  });

  test('never ends its JSON, or an event, is cut at the limit', async () => {
    const long = { text: 'x'.repeat(5000), open: true };
    const json = await answer(long, { maxMessageBytes: 1000 });
    expect(json.response.status).toBe(502);
    const { url } = await startRemote(
      (req, res) => {
        req.resume();
        res.writeHead(200, { 'content-type': 'application/json' }).write('{"a":');
        setTimeout(() => res.write('x'.repeat(5000)), 20);
      },
      { limits: { maxMessageBytes: 1000 } },
    );
    const client = new RawClient(url);
    const late = await client.post(client.call('echo'));
    expect(late.status).toBe(200);
    await expect(late.text()).rejects.toThrow();
    const stream = await answer(
      { headers: STREAM, text: `data: ${'x'.repeat(5000)}`, open: true },
      { maxMessageBytes: 1000 },
    );
    await expect(stream.response.text()).rejects.toThrow();
    await until(() => json.logs.concat(stream.logs).length === 2, 'both are logged');
  });

  test('does not answer in time is a 504, and one that is not there a 502; nothing is said of where', async () => {
    const slow = await startRemote(() => undefined, { limits: { answerTimeoutMs: 50 } });
    const client = new RawClient(slow.url);
    const late = await client.post(client.call('echo'));
    expect(late.status).toBe(504);
    const gone = await startRemote(sdk1Server(), { target: { url: 'http://127.0.0.1:1/mcp', headers: {} } });
    const refused = await new RawClient(gone.url).post(client.call('echo'));
    expect(refused.status).toBe(502);
    expect(await refused.text()).not.toMatch(/127\.0|ECONN/);
    expect(JSON.stringify(gone.logs)).toContain('ECONNREFUSED');
  });

  test.each([
    'http://169.254.169.254/mcp',
    'http://[::ffff:169.254.169.254]/mcp',
    'http://[fd00:ec2::254]/mcp',
  ])('is %s is never asked', async (url) => {
    const { url: ours, logs } = await startRemote(sdk1Server(), { target: { url, headers: {} } });
    const client = new RawClient(ours);
    expect((await client.post(client.call('echo'))).status).toBe(502);
    expect(JSON.stringify(logs)).toContain('hand out credentials');
  });

  test('has a certificate that nobody vouches for is a 502, and no header goes to it', async () => {
    const site = await startHttpsSite(['app.example']);
    onTestFinished(() => site.close());
    site.answers.set('/mcp', (_, res) =>
      res.writeHead(200, { 'content-type': 'application/json' }).end(RESULT),
    );
    const target = { url: `https://localhost:${site.port}/mcp`, headers: { Authorization: TOKEN } };
    const { url, logs } = await startRemote(sdk1Server(), { target });
    const client = new RawClient(url);
    expect((await client.post(client.call('echo'))).status).toBe(502);
    // A known authority, but another name.
    const { url: other } = await startRemote(sdk1Server(), { target, ca: site.ca });
    expect((await client.post(client.call('echo'))).status).toBe(502);
    expect((await new RawClient(other).post(client.call('echo'))).status).toBe(502);
    expect(site.requests).toEqual([]);
    const right = await startHttpsSite(['localhost'], 'localhost');
    onTestFinished(() => right.close());
    right.answers.set('/mcp', (_, res) =>
      res.writeHead(200, { 'content-type': 'application/json' }).end(RESULT),
    );
    const { url: trusted } = await startRemote(sdk1Server(), {
      target: { ...target, url: `https://localhost:${right.port}/mcp` },
      ca: right.ca,
    });
    expect((await new RawClient(trusted).post(client.call('echo'))).status).toBe(200);
    expect(right.requests[0]?.headers.authorization).toBe(TOKEN);
    expect(JSON.stringify(logs)).toMatch(/SELF_SIGNED|UNABLE_TO/);
  });

  test.each(['a b', 'é', 'x'.repeat(2000)])('names a session %j that is none is a 502', async (id) => {
    const headers = {
      'content-type': 'application/json',
      'mcp-session-id': Buffer.from(id).toString('latin1'),
    };
    const { url, remote } = await startRemote(rawServer(() => ({ headers, text: RESULT })));
    const client = new RawClient(url);
    expect((await client.post(client.initializeBody())).status).toBe(502);
    expect(remote.stats().sessions).toBe(0);
  });

  test('hides an event in a message, or an id with a line break, says nothing by it', async () => {
    const text =
      'id: 1\r\ndata: {"a":1}\r\rid: a\0b\ndata: {"a":2}\nnonsense\n: comment\nretry: 5x\n\nevent: x\nid\ndata:{"a":3}\n\n';
    const { response } = await answer({ headers: STREAM, text });
    const body = await response.text();
    expect(body.replace(/id: [\w-]{22}\./, 'id: MARK.')).toBe(
      'id: MARK.1\ndata: {"a":1}\n\ndata: {"a":2}\n\nevent: x\ndata: {"a":3}\n\n',
    );
  });
});

describe('a client that', () => {
  test('puts a header into a value, or smuggles a second request, is refused by HTTP itself', async () => {
    const { origin, seen } = await startRemote(rawServer(() => ({ text: RESULT })));
    const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
    const head = [
      'POST /mcp HTTP/1.1',
      'host: x',
      `${CONTEXT_HEADER}: ${contextOf('alice')}`,
      'content-type: application/json',
    ];
    const length = `content-length: ${body.length}`;
    for (const lines of [
      [length, 'traceparent: a\rauthorization: Bearer mine'],
      [length, 'transfer-encoding: chunked'],
      [length, 'content-length: 3'],
      [length, 'mcp-name: a\nx-injected: b\r'],
    ]) {
      const text = await rawExchange(origin, `${[...head, ...lines].join('\r\n')}\r\n\r\n${body}`);
      if (text.startsWith('HTTP/1.1 200')) expect(JSON.stringify(seen)).not.toContain('injected');
      else expect(text).toMatch(/^HTTP\/1\.1 400/);
    }
    for (const { headers } of seen) expect(headers.authorization).toBe(TOKEN);
  });

  test("names the operator's headers for hop-by-hop removal changes nothing", async () => {
    const { origin, seen } = await startRemote(rawServer(() => ({ text: RESULT })));
    const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
    const lines = [
      'POST /mcp HTTP/1.1',
      'host: x',
      `${CONTEXT_HEADER}: ${contextOf('alice')}`,
      'content-type: application/json',
    ];
    lines.push(
      'connection: close, authorization',
      'authorization: Bearer mine',
      `content-length: ${body.length}`,
    );
    expect(await rawExchange(origin, `${lines.join('\r\n')}\r\n\r\n${body}`)).toMatch(/^HTTP\/1\.1 200/);
    expect(seen[0]?.headers.authorization).toBe(TOKEN);
  });

  test.each([
    [{ 'mcp-method': 'tools/list' }, 400],
    [{ 'mcp-name': 'other' }, 400],
    [{ 'mcp-name': '=?base64?b3RoZXI=?=' }, 400],
    [{ 'mcp-method': 'tools/call', 'mcp-name': '=?base64?ZWNobw==?=', 'mcp-param-region': 'eu' }, 200],
    [{ 'mcp-protocol-version': 'x y' }, 400],
    [{ 'mcp-protocol-version': '2025-11-25, 2026-07-28' }, 400],
    [{ 'content-type': 'text/plain' }, 415],
    [{ accept: 'text/html' }, 406],
    [{ origin: 'https://evil.example' }, 403],
    [{ [CONTEXT_HEADER]: '' }, 401],
    [{ [CONTEXT_HEADER]: contextOf('alice', { aud: 'other' }) }, 401],
  ])('sends %o gets %i', async (headers, status) => {
    const { url, seen } = await startRemote(rawServer(() => ({ text: RESULT })));
    const client = new RawClient(url);
    expect((await client.post(client.call('echo'), headers)).status).toBe(status);
    expect(seen).toHaveLength(status === 200 ? 1 : 0);
    if (status === 200)
      expect(seen[0]?.headers).toMatchObject({ 'mcp-method': 'tools/call', 'mcp-param-region': 'eu' });
  });

  test('goes away ends what the server does for it', async () => {
    let closed = false;
    const { url, seen } = await startRemote((req) => void req.on('close', () => (closed = true)));
    const client = new RawClient(url);
    const abort = new AbortController();
    const call = client.post(client.call('echo'), {}, abort.signal).catch(() => undefined);
    await until(() => seen.length === 1, 'the server is asked');
    abort.abort();
    await call;
    await until(() => closed, 'the connection to the server is closed');
  });

  test('asks for too much at once is told so: by itself 429, with others 503', async () => {
    const { url } = await startRemote(() => undefined, { limits: { maxPending: 2, maxPendingPerUser: 1 } });
    const abort = new AbortController();
    const waiting = ['alice', 'bob'].map(async (user) => {
      const client = new RawClient(url, user);
      await client.post(client.call('echo'), {}, abort.signal).catch(() => undefined);
    });
    const status = async (user: string) =>
      (await new RawClient(url, user).post({ jsonrpc: '2.0', id: 1, method: 'ping' }, {}, abort.signal))
        .status;
    await until(async () => (await status('carol')) === 503, 'all places are taken');
    abort.abort();
    await Promise.all(waiting);
    const other = await startRemote(() => undefined, { limits: { maxPendingPerUser: 1 } });
    const again = new AbortController();
    const alice = new RawClient(other.url);
    const one = alice.post(alice.call('echo'), {}, again.signal).catch(() => undefined);
    await until(() => other.seen.length === 1, 'one call is under way');
    expect((await alice.post(alice.call('echo'))).status).toBe(429);
    again.abort();
    await one;
  });

  test('does not read holds the server back, and nothing is kept for it', async () => {
    const event = `data: "${'x'.repeat(100_000)}"\n\n`;
    let written = 0;
    const { origin } = await startRemote((req, res) => {
      req.resume();
      res.writeHead(200, STREAM);
      const more = () => {
        for (let room = true; room && !res.destroyed && written < 200_000_000; written += event.length)
          room = res.write(event);
        if (!res.destroyed) res.once('drain', more);
      };
      more();
    });
    const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
    const { port } = new URL(origin);
    const socket = connect(Number(port), '127.0.0.1').pause();
    const head = `POST /mcp HTTP/1.1\r\nhost: x\r\n${CONTEXT_HEADER}: ${contextOf('alice')}\r\ncontent-type: application/json\r\n`;
    socket.write(`${head}content-length: ${body.length}\r\n\r\n${body}`);
    let before = -1;
    await until(async () => {
      const same = written === before && written > 0;
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return same && written === before;
    }, 'the server is held back');
    expect(written).toBeLessThan(50_000_000);
    socket.destroy();
  });
});

test("the operator's header goes in place of the gateway's own, however it is written", async () => {
  const seen: string[][] = [];
  const limits = DEFAULT_REMOTE_LIMITS;
  const server = await listening((req, res) => {
    seen.push(req.rawHeaders.filter((_, at) => /^user-agent$/i.test(req.rawHeaders[at - 1] ?? '')));
    res.writeHead(202).end();
  });
  const upstream = createUpstream({ url: server.origin, headers: { 'User-Agent': 'ours/1' } }, limits);
  await (await upstream.send({ method: 'GET', headers: {}, signal: AbortSignal.timeout(5_000) })).body.dump();
  await upstream.close();
  expect(seen).toEqual([['ours/1']]);
});

describe('tool rules', () => {
  const denied = { tools: { deny: ['delete'] } };
  const listed =
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"delete"},{"name":"echo","big":12345678901234567890}]}}';
  const left = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo","big":12345678901234567890}]}}';
  const as = (url: string) => new RawClient(url, 'alice', { [CONTEXT_HEADER]: contextOf('alice', denied) });

  test('hold in JSON, in a stream, and in a stream that is taken up again', async () => {
    for (const [headers, text] of [
      [{ 'content-type': 'application/json' }, listed],
      [STREAM, `data: ${listed}\n\n`],
      [STREAM, `data: [${listed}]\n\n`],
    ] as const) {
      const { url } = await startRemote(rawServer(() => ({ headers, text })));
      const client = as(url);
      const response = await client.post(client.request('tools/list', {}, 1));
      expect(await response.text()).toBe(text.replace(listed, left));
      if (headers !== STREAM) continue;
      const stream = await client.stream();
      expect(JSON.stringify(await stream.next())).not.toContain('delete');
    }
  });

  test('hold where a letter is written as an escape', async () => {
    const text = listed.replace('tools', String.raw`t\u006fols`);
    const { url } = await startRemote(rawServer(() => ({ text })));
    const client = as(url);
    expect(await (await client.post(client.request('tools/list', {}, 1))).text()).toBe(left);
  });

  test('keep a call of a denied tool from the server, however it is written', async () => {
    const { url, seen } = await startRemote(rawServer(() => ({ text: RESULT })));
    const client = as(url);
    for (const body of [
      client.call('delete', {}, 7),
      { jsonrpc: '2.0', id: 7, method: 'Tools/Call', params: { name: 'delete' } },
      { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'echo', Name: 'delete' } },
      '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","name":"delete"}}',
    ]) {
      const response = await client.post(body);
      expect(((await response.json()) as Loose).error).toMatchObject({ code: -32602 });
    }
    expect(
      (await client.post({ jsonrpc: '2.0', method: 'tools/call', params: { name: 'delete' } })).status,
    ).toBe(202);
    expect(seen).toHaveLength(0);
  });

  test('take it out of a batch, whose other answers still come', async () => {
    const bodies: string[] = [];
    const say: { now: Answer } = { now: { text: `[${RESULT}]` } };
    const { url } = await startRemote(
      rawServer((_, body) => {
        bodies.push(body);
        return say.now;
      }),
    );
    const client = as(url);
    const batch = [client.call('echo', {}, 1), client.call('delete', {}, 2)];
    const ids = (messages: Loose[]) => messages.map(({ id }) => id as unknown).sort();
    expect(ids((await (await client.post(batch)).json()) as Loose[])).toEqual([1, 2]);
    say.now = { headers: STREAM, text: `data: ${RESULT}\n\n` };
    const events = new Events(await client.post(batch));
    await until(() => events.closed, 'the stream ends');
    expect(ids(events.messages)).toEqual([1, 2]);
    say.now = { status: 202, headers: {} };
    const note = { jsonrpc: '2.0', method: 'notifications/x' };
    expect(ids((await (await client.post([note, client.call('delete', {}, 2)])).json()) as Loose[])).toEqual([
      2,
    ]);
    expect(bodies.join()).not.toContain('delete');
    expect(ids((await (await client.post([client.call('delete', {}, 2)])).json()) as Loose[])).toEqual([2]);
  });
});

describe('the service itself', () => {
  test('says that it is there without asking the server, and when it is about to end', async () => {
    const { origin, remote, seen } = await startRemote(sdk1Server());
    expect(await (await fetch(`${origin}/health`)).json()).toMatchObject({ ready: true });
    expect((await fetch(`${origin}/other`)).status).toBe(404);
    expect(seen).toHaveLength(0);
    const closing = remote.close(100);
    expect((await fetch(`${origin}/health`)).status).toBe(503);
    await closing;
  });

  test.each([
    [{ text: '{"jsonrpc":"2.0",\n"id":1,"result":{}}' }, { result: {} }],
    [{ headers: STREAM, text: 'data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n' }, { result: {} }],
    [{ status: 500 }, { error: { code: -32000 } }],
    [{ headers: { 'content-type': 'text/html' } }, { error: { code: -32000 } }],
    [
      { status: 400, text: '{"error":{"code":-32602,"message":"no"}}' },
      { error: { code: -32602, message: 'no' } },
    ],
  ] as [Answer, object][])('shows that a call is alive until %o comes', async (late, expected) => {
    let answerNow = (): void => undefined;
    const asked = new Promise<void>((resolve) => (answerNow = resolve));
    const server = rawServer(() => late);
    const { url } = await startRemote((req, res) => void asked.then(() => server(req, res)), {
      limits: { keepAliveSeconds: 0.02 },
    });
    const client = new RawClient(url);
    const events = new Events(await client.post(client.call('echo', {}, 1)));
    await until(() => events.comments.length > 1, 'comments come');
    answerNow();
    await until(() => events.closed, 'it ends');
    expect(events.messages).toEqual([
      expect.objectContaining({
        id: 1,
        ...expected,
        ...('error' in expected && { error: expect.objectContaining(expected.error as object) }),
      }),
    ]);
  });

  test('keeps an idle stream alive, and ends an old one', async () => {
    const { url } = await startRemote(
      rawServer(() => ({ headers: STREAM, text: 'data: {"a":1}\n\n', open: true })),
      {
        limits: { keepAliveSeconds: 0.02, maxStreamSeconds: 0.3 },
      },
    );
    const stream = await new RawClient(url).stream();
    await until(() => stream.comments.length > 1, 'comments come');
    await until(() => stream.closed, 'it ends');
    expect(stream.messages).toEqual([{ a: 1 }]);
  });
});

function rawExchange(origin: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk;
      if (/\r\n\r\n/.test(answer)) socket.destroy();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
    socket.write(text);
  });
}
