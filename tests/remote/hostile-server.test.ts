/** What a remote server may try, and what comes of it. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { startHttpsSite } from '../helpers/https-site.ts';
import { RawClient, until, type Loose } from '../helpers/stdio-proxy.ts';
import { type Answer, rawServer, RESULT, sdk1Server, startRemote, STREAM, TOKEN } from './support.ts';

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
    { code: 'x', message: 'internal detail' },
    { code: -32602, message: { detail: 'internal detail' } },
    { code: 1.5, message: 'internal detail' },
    'internal detail',
  ])('refuses with %j, which is no error of JSON-RPC, is refused in words of ours', async (error) => {
    const { response } = await answer({
      status: 400,
      text: JSON.stringify({ jsonrpc: '2.0', id: 1, error }),
    });
    expect(response.status).toBe(400);
    const message = 'The server refused the request (400).';
    expect(await response.json()).toEqual({ jsonrpc: '2.0', id: 1, error: { code: -32000, message } });
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

  test('says that it answers in JSON, and then nothing, is what the client hears', async () => {
    const { url } = await startRemote((req, res) => {
      req.resume();
      res.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      res.end();
    });
    const client = new RawClient(url);
    const response = await client.post(client.call('echo'));
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(await response.text()).toBe('');
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
