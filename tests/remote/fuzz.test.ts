/** Whatever a server answers and a client sends, each request is answered or cut, and the service lives on. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CONTEXT_HEADER } from '../../runtime/config/context.ts';
import { contextOf, RawClient } from '../helpers/stdio-proxy.ts';
import { type Answer, rawServer, startRemote, TOKEN } from './support.ts';

const RUNS = 400;

const json = fc.oneof(
  fc.json(),
  fc.constantFrom(
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"delete"}]}}',
    '[]',
    '',
    '{',
    'null',
    '\u0000',
  ),
);
const sse = fc
  .array(
    fc.constantFrom(
      'data: ',
      'data',
      'id: ',
      'event: ',
      ': ',
      '\n',
      '\r',
      '\r\n',
      '{"a":1}',
      'é',
      '\ufeff',
      '[',
      'retry: 1',
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(''));
const types = fc.constantFrom(
  'application/json',
  'text/event-stream',
  'TEXT/Event-Stream; charset=utf-8',
  'text/html',
  '',
  'application/json, x',
);
const answers: fc.Arbitrary<Answer> = fc.record({
  status: fc.constantFrom(
    200,
    200,
    200,
    201,
    202,
    204,
    206,
    301,
    400,
    401,
    404,
    405,
    409,
    429,
    500,
    503,
    599,
  ),
  headers: fc.record(
    {
      'content-type': types,
      'content-encoding': fc.constantFrom('gzip', 'identity', 'br'),
      'mcp-session-id': fc.constantFrom('a', 'a b', '', 'x'.repeat(5000)),
      'set-cookie': fc.constant('a=b'),
      'www-authenticate': fc.constant('Bearer'),
      'x-filler': fc.constantFrom('y', 'y'.repeat(20_000)),
    },
    { requiredKeys: [] },
  ),
  text: fc.oneof(json, sse),
});
const bodies = fc.oneof(
  json,
  fc
    .constantFrom('initialize', 'tools/list', 'tools/call', 'notifications/x')
    .chain((method) =>
      fc.constant(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { name: 'delete' } })),
    ),
);
const headers = fc.record(
  {
    'mcp-session-id': fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
    'last-event-id': fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
    'mcp-protocol-version': fc.constantFrom('2025-11-25', '2026-07-28', 'x', '9999-99-99'),
    'mcp-method': fc.constantFrom('initialize', 'tools/list', 'x'),
    'mcp-name': fc.constantFrom('delete', '=?base64?!?=', 'é'.normalize('NFD')[0] ?? ''),
    accept: fc.constantFrom('*/*', 'application/json', 'text/event-stream', 'text/html', ', ;q=0'),
  },
  { requiredKeys: [] },
);

test('any answer to any request', async () => {
  let now: Answer = {};
  const { url, origin, remote } = await startRemote(
    rawServer(() => now),
    { limits: { maxMessageBytes: 1000, maxSessionsPerUser: 1000, maxSessions: 1000 } },
  );
  const client = new RawClient(url, 'alice', {
    [CONTEXT_HEADER]: contextOf('alice', { tools: { deny: ['delete'] } }),
  });
  await fc.assert(
    fc.asyncProperty(
      answers,
      bodies,
      headers,
      fc.constantFrom('POST', 'POST', 'GET', 'DELETE'),
      async (answer, body, more, method) => {
        // Node writes no body with these.
        now = [204].includes(answer.status ?? 200) ? { ...answer, text: '' } : answer;
        const signal = AbortSignal.timeout(5_000);
        const response = await client
          .send(method, method === 'POST' ? body : undefined, more as Record<string, string>, signal)
          .catch((error: Error) => error);
        // Cut connections aside; nobody waits in vain.
        expect((response as Error).name).not.toBe('TimeoutError');
        if (response instanceof Error) return;
        const text = await response.text().catch(() => '');
        expect(text + JSON.stringify([...response.headers])).not.toContain(TOKEN);
        for (const name of ['set-cookie', 'www-authenticate', 'x-filler'])
          expect(response.headers.get(name)).toBeNull();
        expect([...text.matchAll(/"tools":\[\{"name":"delete"/g)]).toEqual([]);
        expect([200, 202, 204, 400, 404, 405, 406, 409, 415, 429, 502, 503, 504]).toContain(response.status);
      },
    ),
    { numRuns: RUNS },
  );
  now = { text: '{"jsonrpc":"2.0","id":1,"result":{}}', headers: { 'content-type': 'application/json' } };
  expect((await client.post(client.request('ping', {}, 1))).status).toBe(200);
  expect((await fetch(`${origin}/health`)).status).toBe(200);
  await remote.close(100);
});
