/** Numbers that no double holds are opaque objects inside: in no place may one be taken for something that has a text. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ModernClient } from '../../helpers/modern-client.ts';
import { startProxy, type TestProxy } from '../../helpers/stdio-proxy.ts';

let test: TestProxy;
let client: ModernClient;
beforeAll(async () => {
  test = await startProxy();
  client = new ModernClient(test.url);
});
afterAll(() => test.close());

const PLACES = [
  'requestState',
  'inputResponses',
  'name',
  'uri',
  'cursor',
  'arguments',
  'notifications',
  'level',
];
const META = ['io.modelcontextprotocol/protocolVersion', 'io.modelcontextprotocol/logLevel', 'progressToken'];
const REQUESTS: [string, string?][] = [
  ...[['tools/call', 'echo'], ['tools/list'], ['resources/read', 'x'], ['prompts/get', 'x']],
  ...[['subscriptions/listen'], ['server/discover'], ['completion/complete'], ['no/such/method']],
] as [string, string?][];

it.each(REQUESTS)('%s', async (method, name) => {
  const statuses: Record<string, number> = {};
  for (const place of [...PLACES, ...META]) {
    const body = client.body(method, name === undefined ? {} : { name, uri: name, arguments: { text: 'x' } });
    const headers = { ...client.headers(body), 'mcp-name': name ?? '' };
    if (META.includes(place)) body.params._meta[place] = '@@';
    else body.params[place] = '@@';
    const text = JSON.stringify(body).replace('"@@"', '4.868879080835431e-210');
    const response = await client.raw.post(text, headers);
    statuses[place] = response.status;
    await response.body?.cancel();
  }
  const broken = Object.entries(statuses).filter(([, status]) => status >= 500);
  expect(broken).toEqual([]);
});

it('nothing of it was a surprise', () => {
  expect(test.logs.filter(({ level }) => level === 'error')).toEqual([]);
});
