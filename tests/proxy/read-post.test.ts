import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { McpRequests } from '../../runtime/metrics/mcp-requests.ts';
import { BodyBudget } from '../../runtime/net/request-body.ts';
import { replyEmpty } from '../../runtime/proxy/http.ts';
import { type Posted, readPost } from '../../runtime/proxy/read-post.ts';

const caller = { sub: 'test:alice', name: 'alice', client: 'c', groups: [], scopes: [] } as unknown;
const logged: object[] = [];
const taken: Posted[] = [];
const metrics = new McpRequests('proxy');
const server = createServer((req, res) => {
  const logger = { error: (fields: object) => void logged.push(fields) };
  const deps = { service: 's', limits: { maxMessageBytes: 100 }, bodies: new BodyBudget(100), metrics };
  readPost(req, res, caller as Posted['caller'], { ...deps, logger: logger as never }, (posted) => {
    taken.push(posted);
    if (req.url === '/throws') throw new Error('of this request alone');
    replyEmpty(res, 202);
  });
});
let origin: string;
beforeEach(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((done) => server.close(done)));

const post = (path: string, body: string, accept = 'application/json, text/event-stream') =>
  fetch(origin + path, { method: 'POST', body, headers: { accept, 'content-type': 'application/json' } });
const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

it('gives on what can be read, and refuses the rest before anything is done with it', async () => {
  expect((await post('/', PING)).status).toBe(202);
  expect(taken.splice(0)).toMatchObject([
    { caller: { sub: 'test:alice' }, parsed: { batch: false, incoming: [{ message: { method: 'ping' } }] } },
  ]);
  expect((await post('/', '{')).status).toBe(400);
  expect((await post('/', PING + ' '.repeat(100))).status).toBe(413);
  expect((await post('/', PING, 'text/html')).status).toBe(406);
  expect(taken).toEqual([]);
  expect(metrics.requestsText({ sessions: 0, streams: 0 })).toMatch(
    /method="ping",outcome="answered"[^]*refused_total\{status="400"\} 1\n.*refused_total\{status="413"\} 1\n/,
  );
});

it('answers what fails unforeseen, and goes on', async () => {
  const failed = await post('/throws', PING);
  expect([failed.status, await failed.json()]).toMatchObject([500, { error: { code: -32603 } }]);
  expect(logged).toMatchObject([
    { service: 's', user: 'test:alice', reason: 'Error: of this request alone' },
  ]);
  expect((await post('/', PING)).status).toBe(202);
});
