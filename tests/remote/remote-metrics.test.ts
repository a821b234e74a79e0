import { expect, it } from 'vitest';
import { contextOf, RawClient, until } from '../helpers/stdio-proxy.ts';
import { rawServer, sdk1Server, startRemote, type Answer } from './support.ts';

const lines = (text: string): string[] => text.split('\n').filter((line) => !line.startsWith('#'));

it('counts requests by method and outcome, sessions and streams; nothing of them is a client’s text', async () => {
  const { remote, url, origin } = await startRemote(sdk1Server());
  const client = new RawClient(url);
  await client.initialize();
  await client.tool('echo', { message: 'a-secret-of-alice' });
  await client.tool('no-such-tool');
  await client.post(client.request('made/up-by-a-client'));
  await client.post('{');
  await client.post(client.call('echo'), { 'x-mcpgw-context': 'forged' });
  await client.post(client.call('echo'), { origin: 'https://evil.example' });
  await client.post(client.call('echo'), { 'x-mcpgw-context': contextOf('mallory') });
  const stream = await client.stream();
  // A response is over a moment after its reader has it.
  await expect
    .poll(() => lines(remote.metrics()))
    .toEqual(
      expect.arrayContaining([
        'mcpgw_remote_request_seconds_count{method="initialize",outcome="answered"} 1',
        'mcpgw_remote_request_seconds_count{method="notification",outcome="answered"} 1',
        'mcpgw_remote_request_seconds_count{method="tools/call",outcome="answered"} 2',
        'mcpgw_remote_request_seconds_count{method="tools/call",outcome="404"} 1',
        'mcpgw_remote_request_seconds_count{method="other",outcome="answered"} 1',
        'mcpgw_remote_refused_total{status="400"} 1',
        'mcpgw_remote_refused_total{status="401"} 1',
        'mcpgw_remote_refused_total{status="403"} 1',
        'mcpgw_remote_sessions 1',
        'mcpgw_remote_streams 1',
      ]),
    );
  const text = remote.metrics();
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  expect(text).not.toMatch(/alice|mallory|made\/up|no-such-tool|evil|upstream-token/);
  await stream.cancel();
  await until(() => remote.metrics().includes('mcpgw_remote_streams 0\n'), 'the stream has gone');
  expect((await fetch(`${origin}/metrics`, { headers: client.headers })).status).toBe(404);
});

it.each<[string, Answer]>([
  ['credentials', { status: 401 }],
  ['redirect', { status: 302, headers: { location: 'https://elsewhere.example' } }],
  ['late', { status: 504 }],
  ['error', { status: 500 }],
  ['unreachable', { headers: { 'content-type': 'text/html' }, text: '<p>' }],
])('counts why a server’s answer is none: %s', async (reason, answer) => {
  const { remote, url } = await startRemote(rawServer(() => answer));
  const client = new RawClient(url);
  await client.tool('echo');
  expect(lines(remote.metrics()).filter((line) => line.includes('failures'))).toEqual([
    `mcpgw_remote_upstream_failures_total{reason="${reason}"} 1`,
  ]);
});
