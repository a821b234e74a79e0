/** The official SDK's clients through a remote service, to servers of both of its lines. */
import {
  Client as CurrentClient,
  StreamableHTTPClientTransport as CurrentTransport,
} from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, test } from 'vitest';
import { CONTEXT_HEADER } from '../../runtime/config/context.ts';
import { contextOf, until, type Loose } from '../helpers/stdio-proxy.ts';
import { sdk1Server, sdk2Server, startRemote, TOKEN } from './support.ts';

const info = { name: 'test', version: '1' };
const asAlice = {
  headers: { [CONTEXT_HEADER]: contextOf('alice'), authorization: 'Bearer of-alice', 'x-user-id': 'x' },
};
const sampled = { role: 'assistant', model: 'm', content: { type: 'text', text: 'sampled' } } as const;

describe('SDK 1.x client', () => {
  test('calls a server with sessions, gets progress, is asked, hears of things, and ends', async () => {
    const { url, remote, seen } = await startRemote(sdk1Server());
    const client = new Client(info, { capabilities: { sampling: {} } });
    const heard: unknown[] = [];
    client.setRequestHandler(CreateMessageRequestSchema, () => sampled);
    client.setNotificationHandler(
      LoggingMessageNotificationSchema,
      (note) => void heard.push(note.params.data),
    );
    const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: asAlice });
    await client.connect(transport);
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('delete');
    const progress: number[] = [];
    await client.callTool({ name: 'progress' }, undefined, {
      onprogress: (each) => void progress.push(each.progress),
    });
    expect(progress).toEqual([1, 2]);
    await until(() => seen.some(({ method }) => method === 'GET'), 'the stream is open');
    const asked = (await client.callTool({ name: 'ask' })) as Loose;
    expect(JSON.parse(asked.content[0].text)).toMatchObject(sampled);
    await client.callTool({ name: 'later' });
    await until(() => heard.includes('later'), 'the message arrives');
    await transport.terminateSession();
    await client.close();
    expect(remote.stats().sessions).toBe(0);
    await until(() => seen.some(({ method }) => method === 'DELETE'), 'the server is told');
  });

  test('reaches a server without sessions', async () => {
    const { url } = await startRemote(sdk2Server());
    const client = new Client(info);
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: asAlice }));
    const result = (await client.callTool({ name: 'echo', arguments: { message: 'hi' } })) as Loose;
    expect(result.content[0].text).toBe('hi');
    await client.close();
  });
});

describe('SDK 2.x client', () => {
  test.each([
    ['legacy', sdk1Server, 'one'],
    ['auto', sdk1Server, 'one'],
    ['legacy', sdk2Server, 'two'],
    ['auto', sdk2Server, 'two'],
  ] as const)('with version negotiation %s to %o', async (mode, server, name) => {
    const { url, seen } = await startRemote(server());
    const client = new CurrentClient(info, { versionNegotiation: { mode } });
    await client.connect(new CurrentTransport(new URL(url), { requestInit: asAlice }));
    expect(client.getServerVersion()).toMatchObject({ name });
    const result = (await client.callTool({ name: 'echo', arguments: { message: 'hi' } })) as Loose;
    expect(result.content[0].text).toBe('hi');
    const modern = mode === 'auto' && name === 'two';
    expect(seen.at(-1)?.headers['mcp-protocol-version']).toBe(modern ? '2026-07-28' : '2025-11-25');
    await client.close();
  });

  test('of 2026-07-28 sees no tool that its rules take away', async () => {
    const { url } = await startRemote(sdk2Server());
    const headers = { [CONTEXT_HEADER]: contextOf('alice', { tools: { deny: ['delete'] } }) };
    const client = new CurrentClient(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    await client.connect(new CurrentTransport(new URL(url), { requestInit: { headers } }));
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['echo']);
    await expect(client.callTool({ name: 'delete' })).rejects.toThrow(/Unknown tool/);
    await client.close();
  });
});

test('the server sees the gateway, and nothing of the caller', async () => {
  const { url } = await startRemote(sdk1Server());
  const client = new Client(info);
  const more = {
    cookie: 'a=b',
    'x-forwarded-for': '192.0.2.7',
    'x-client-id': 'c',
    'x-other': 'o',
    traceparent: 't',
  };
  const requestInit = { headers: { ...asAlice.headers, ...more, 'X-Team': 'red' } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  const result = (await client.callTool({ name: 'headers' })) as Loose;
  const headers = JSON.parse(result.content[0].text) as Record<string, string>;
  expect(headers).toMatchObject({
    authorization: TOKEN,
    'x-team': 'blue',
    'user-agent': 'mcpgw',
    traceparent: 't',
  });
  expect(Object.keys(headers).sort()).toEqual(
    [
      ...[
        'accept',
        'accept-encoding',
        'authorization',
        'connection',
        'content-length',
        'content-type',
        'host',
      ],
      ...['mcp-protocol-version', 'mcp-session-id', 'traceparent', 'user-agent', 'x-team'],
    ].sort(),
  );
  await client.close();
});
