/** What a client of a remote server may try, and what comes of it. */
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { CONTEXT_HEADER } from '../../runtime/config/context.ts';
import { contextOf, RawClient, until } from '../helpers/stdio-proxy.ts';
import { rawServer, RESULT, startRemote, STREAM, TOKEN } from './support.ts';

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
