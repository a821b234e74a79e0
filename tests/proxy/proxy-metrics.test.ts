import { afterEach, expect, it } from 'vitest';
import { RawClient, startProxy, until, type TestProxy } from '../helpers/stdio-proxy.ts';

let test: TestProxy | undefined;
afterEach(() => test?.close());

const lines = (text: string): string[] => text.split('\n').filter((line) => !line.startsWith('#'));

it('counts requests by method and outcome, children and bytes; nothing of them is a client’s text', async () => {
  test = await startProxy();
  const client = new RawClient(test.url);
  await client.initialize();
  await client.tool('echo', { text: 'a-secret-of-alice' });
  await client.post(client.request('made/up-by-a-client'));
  await client.post('{');
  await client.post(client.call('echo'), { 'mcp-session-id': 'unknown' });
  await client.post(client.call('echo'), { 'x-mcpgw-context': 'forged' });
  const aborter = new AbortController();
  const gone = client.post(client.call('silent'), {}, aborter.signal).catch(() => undefined);
  await client.tool('pid');
  aborter.abort();
  await gone;
  const { proxy } = test;
  const text = await until(() => {
    const now = proxy.metrics();
    return now.includes('method="tools/call",outcome="aborted"') ? now : undefined;
  }, 'the aborted one is counted');
  expect(lines(text)).toEqual(
    expect.arrayContaining([
      'mcpgw_proxy_request_seconds_count{method="initialize",outcome="answered"} 1',
      'mcpgw_proxy_request_seconds_count{method="notification",outcome="answered"} 1',
      'mcpgw_proxy_request_seconds_count{method="tools/call",outcome="answered"} 2',
      'mcpgw_proxy_request_seconds_count{method="tools/call",outcome="404"} 1',
      'mcpgw_proxy_request_seconds_count{method="tools/call",outcome="aborted"} 1',
      'mcpgw_proxy_request_seconds_count{method="other",outcome="answered"} 1',
      'mcpgw_proxy_refused_total{status="400"} 1',
      'mcpgw_proxy_refused_total{status="401"} 1',
      'mcpgw_proxy_sessions 1',
      'mcpgw_proxy_ready 1',
      'mcpgw_proxy_children 1',
      'mcpgw_proxy_child_starts_total 1',
      'mcpgw_proxy_child_failed_starts_total 0',
    ]),
  );
  const bytes = /child_bytes_total\{direction="from"\} (\d+)/.exec(text)?.[1];
  expect(Number(bytes)).toBeGreaterThan(200);
  expect(text).not.toMatch(/alice|made\/up/);
});
