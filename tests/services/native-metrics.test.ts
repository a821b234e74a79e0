import { expect, it } from 'vitest';
import { createEchoStateful } from '../../runtime/services/echo-stateful/server.ts';
import { createEchoStateless } from '../../runtime/services/echo-stateless/server.ts';
import { NativeMetrics } from '../../runtime/services/native-metrics.ts';
import { callTool, connectV1, connectV2, INITIALIZE, LIST_TOOLS, start, type Running } from './harness.ts';
import { startFetchs } from './fetchs/support.ts';

const lines = (text: string): string[] => text.split('\n').filter((line) => !line.startsWith('#'));

/** A response is over a moment after its reader has it. */
const expectLines = ({ service }: Running, expected: string[]): Promise<void> =>
  expect.poll(() => lines(service.metrics())).toEqual(expect.arrayContaining(expected));

it('counts requests by method and outcome, tools, sessions and streams; nothing of them is a client’s text', async () => {
  const running = await start(createEchoStateful);
  const { url, headers, post } = running;
  const client = await connectV1(running, () => headers('alice'));
  await client.call('echo', { message: 'a-secret-of-alice' });
  await client.call('no-such-tool').catch(() => undefined);
  const session = { 'mcp-session-id': client.sessionId() ?? '' };
  const all = { ...headers('alice'), ...session };
  await post({ jsonrpc: '2.0', id: 9, method: 'made/up-by-a-client' }, all);
  await post({ jsonrpc: '2.0', id: 9, result: {} }, all);
  await post(callTool('echo'), { ...headers('mallory'), ...session });
  await post('{', headers('alice'));
  await post('"', { ...headers('alice'), 'content-type': 'text/plain' });
  await post(LIST_TOOLS, { 'x-mcpgw-context': 'forged' });
  await post(LIST_TOOLS, { ...headers('alice'), origin: 'https://evil.example' });
  await expectLines(running, [
    'mcpgw_native_request_seconds_count{method="initialize",outcome="answered"} 1',
    'mcpgw_native_request_seconds_count{method="tools/call",outcome="404"} 1',
    'mcpgw_native_request_seconds_count{method="notification",outcome="answered"} 1',
    'mcpgw_native_request_seconds_count{method="tools/call",outcome="answered"} 2',
    'mcpgw_native_request_seconds_count{method="other",outcome="answered"} 1',
    'mcpgw_native_request_seconds_count{method="response",outcome="answered"} 1',
    'mcpgw_native_tool_seconds_count{tool="echo",outcome="done"} 1',
    'mcpgw_native_refused_total{status="400"} 1',
    'mcpgw_native_refused_total{status="401"} 1',
    'mcpgw_native_refused_total{status="403"} 1',
    'mcpgw_native_refused_total{status="415"} 1',
    'mcpgw_native_sessions 1',
    // The SDK's client listens.
    'mcpgw_native_streams 1',
  ]);
  const text = running.service.metrics();
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  expect(text).not.toMatch(/alice|mallory|made\/up|no-such-tool|evil/);
  await client.close();
  await expectLines(running, ['mcpgw_native_streams 0']);
  const beside = await fetch(`${url}/metrics`, { headers: headers('alice') });
  expect([beside.status, await beside.text()]).toEqual([404, expect.not.stringContaining('mcpgw_native')]);
});

it('counts those of 2026-07-28 alike', async () => {
  const running = await start(createEchoStateless);
  const client = await connectV2(running, () => running.headers('alice'));
  await client.call('echo', { message: 'x' });
  await running.post(INITIALIZE, running.headers('alice'));
  await expectLines(running, [
    'mcpgw_native_request_seconds_count{method="server/discover",outcome="answered"} 1',
    'mcpgw_native_request_seconds_count{method="tools/call",outcome="answered"} 1',
    'mcpgw_native_request_seconds_count{method="initialize",outcome="answered"} 1',
    'mcpgw_native_tool_seconds_count{tool="echo",outcome="done"} 1',
  ]);
});

it('counts how tools end, and no name that is none of a tool', async () => {
  const running = await startFetchs();
  const { failed } = await running.fetch({ url: running.site.url('/missing-page-of-alice') });
  expect(failed).toBe(true);
  await running.post(callTool('no-such-tool'), running.headers('alice'));
  const text = running.service.metrics();
  expect(text.match(/^mcpgw_native_tool_seconds_count.*$/gm)).toEqual([
    'mcpgw_native_tool_seconds_count{tool="fetch",outcome="failed"} 1',
  ]);
  expect(text).not.toMatch(/no-such-tool|missing-page/);
});

it('counts a tool that broke', () => {
  const metrics = new NativeMetrics();
  metrics.ran('fetch', 'fault', 0.02);
  expect(lines(metrics.text(0))).toContain('mcpgw_native_tool_seconds_count{tool="fetch",outcome="fault"} 1');
});
