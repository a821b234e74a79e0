/** Whatever a server answers and a client sends, each request is answered or cut, and the service lives on. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CONTEXT_HEADER } from '../../runtime/config/context.ts';
import { contextOf, RawClient } from '../helpers/stdio-proxy.ts';
import { type Answer, rawServer, startRemote, TOKEN } from './support.ts';

const RUNS = 400;
const JSON_TYPE = { 'content-type': 'application/json' };

/** Mostly absent: one that is refused shows nothing of what comes behind. */
const seldom = (value: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

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
const type = fc.constantFrom(
  ...['application/json', 'application/json', 'text/event-stream', 'text/event-stream'],
  ...['TEXT/Event-Stream; charset=utf-8', 'text/html', '', 'application/json, x'],
);
const statuses = [201, 202, 204, 206, 301, 400, 401, 404, 405, 409, 429, 500, 503, 599];
const given = (all: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined));
const answers: fc.Arbitrary<Answer> = fc.record({
  status: fc.oneof(
    { weight: 3, arbitrary: fc.constant(200) },
    { weight: 1, arbitrary: fc.constantFrom(...statuses) },
  ),
  headers: fc
    .record({
      'content-type': type,
      'content-encoding': seldom(fc.constantFrom('gzip', 'identity', 'br')),
      'mcp-session-id': seldom(fc.constantFrom('a', 'a b', '', 'x'.repeat(5000))),
      'set-cookie': fc.constant('a=b'),
      'www-authenticate': fc.constant('Bearer'),
      'x-filler': seldom(fc.constantFrom('y', 'y'.repeat(20_000))),
    })
    .map(given),
  text: fc.oneof(json, sse),
});
const message = fc
  .constantFrom('initialize', 'tools/list', 'tools/call', 'ping', 'notifications/x')
  .map((method) => ({
    jsonrpc: '2.0',
    ...(method.startsWith('notifications/') ? {} : { id: 1 }),
    method,
    params: method === 'tools/call' ? { name: 'echo' } : {},
  }));
const bodies = fc.oneof(
  { weight: 8, arbitrary: message.map((each) => JSON.stringify(each)) },
  { weight: 2, arbitrary: fc.array(message, { maxLength: 3 }).map((batch) => JSON.stringify(batch)) },
  { weight: 1, arbitrary: json },
);
const headers = fc
  .record({
    'mcp-session-id': fc.option(
      fc.oneof(fc.constant('OWN'), fc.string({ unit: 'grapheme-ascii', maxLength: 20 })),
      { nil: undefined },
    ),
    'last-event-id': seldom(fc.string({ unit: 'grapheme-ascii', maxLength: 40 })),
    'mcp-protocol-version': seldom(fc.constantFrom('2025-11-25', '2026-07-28', 'x', '9999-99-99')),
    'mcp-method': seldom(fc.constantFrom('initialize', 'tools/list', 'x')),
    'mcp-name': seldom(fc.constantFrom('delete', '=?base64?!?=')),
    accept: seldom(fc.constantFrom('*/*', 'application/json', 'text/event-stream', 'text/html', ', ;q=0')),
  })
  .map(given);

test('any answer to any request', async () => {
  let now: Answer = {};
  const { url, origin, remote } = await startRemote(
    rawServer(() => now),
    { limits: { maxMessageBytes: 1000, maxSessionsPerUser: 1000, maxSessions: 1000 } },
  );
  const client = new RawClient(url, 'alice', {
    [CONTEXT_HEADER]: contextOf('alice', { tools: { deny: ['delete'] } }),
  });
  const counts = new Map<number, number>();
  let session = '';
  const open = async (): Promise<string> => {
    now = {
      headers: { ...JSON_TYPE, 'mcp-session-id': 'inner' },
      text: '{"jsonrpc":"2.0","id":1,"result":{}}',
    };
    return new RawClient(url).initialize();
  };
  await fc.assert(
    fc.asyncProperty(
      answers,
      bodies,
      headers,
      fc.constantFrom('POST', 'POST', 'POST', 'POST', 'GET', 'DELETE'),
      async (answer, body, more, method) => {
        if (session === '') session = await open();
        // Node writes no body with these.
        now = [204].includes(answer.status ?? 200) ? { ...answer, text: '' } : answer;
        const signal = AbortSignal.timeout(5_000);
        const response = await client
          .send(
            method,
            method === 'POST' ? body : undefined,
            { ...more, ...(more['mcp-session-id'] === 'OWN' && { 'mcp-session-id': session }) },
            signal,
          )
          .catch((error: Error) => error);
        // Cut connections aside; nobody waits in vain.
        expect((response as Error).name).not.toBe('TimeoutError');
        if (response instanceof Error) return;
        if (response.status === 404 || response.status === 204) session = '';
        counts.set(response.status, (counts.get(response.status) ?? 0) + 1);
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
  // Most of it came through the gate, and much of that back.
  expect(counts.get(200)).toBeGreaterThan(RUNS / 20);
  expect(counts.get(502)).toBeGreaterThan(RUNS / 20);
  now = { text: '{"jsonrpc":"2.0","id":1,"result":{}}', headers: JSON_TYPE };
  expect((await client.post(client.request('ping', {}, 1))).status).toBe(200);
  expect((await fetch(`${origin}/health`)).status).toBe(200);
  await remote.close(100);
});
