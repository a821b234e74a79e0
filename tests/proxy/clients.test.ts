/** The official SDK's clients, old and current, as users have them. */
import {
  Client as CurrentClient,
  StreamableHTTPClientTransport as CurrentTransport,
} from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTEXT_HEADER } from '../../runtime/config/context.ts';
import { contextOf, startProxy, until, type Loose, type TestProxy } from '../helpers/stdio-proxy.ts';

let test: TestProxy;
const requestInit = { headers: { [CONTEXT_HEADER]: contextOf('alice') } };
const info = { name: 'test', version: '1' };
const sampled = { role: 'assistant', model: 'm', content: { type: 'text', text: 'sampled' } } as const;

beforeAll(async () => {
  test = await startProxy();
});
afterAll(() => test.close());

describe('SDK 1.x client', () => {
  it('calls, gets progress, samples, hears of changes, and ends', async () => {
    const client = new Client(info, { capabilities: { sampling: {} } });
    const changed: unknown[] = [];
    client.setRequestHandler(CreateMessageRequestSchema, () => sampled);
    client.setNotificationHandler(ToolListChangedNotificationSchema, (note) => void changed.push(note));
    const transport = new StreamableHTTPClientTransport(new URL(test.url), { requestInit });
    await client.connect(transport);
    expect((await client.listTools()).tools.length).toBeGreaterThan(5);
    const progress: number[] = [];
    await client.callTool({ name: 'progress', arguments: { count: 3 } }, undefined, {
      onprogress: (each) => void progress.push(each.progress),
    });
    expect(progress).toEqual([1, 2, 3]);
    const asked = (await client.callTool({ name: 'ask' })) as Loose;
    expect(JSON.parse(asked.content[0].text)).toMatchObject(sampled);
    await client.callTool({ name: 'listChanged' });
    await until(() => changed.length === 1, 'the change arrives');
    await transport.terminateSession();
    await client.close();
    expect(test.proxy.stats().sessions).toBe(0);
  });

  it('gets an error, not a hang, when the server crashes', async () => {
    const client = new Client(info);
    const transport = new StreamableHTTPClientTransport(new URL(test.url), { requestInit });
    await client.connect(transport);
    await expect(client.callTool({ name: 'crash' })).rejects.toThrow(/exited with code 3/);
    await expect(client.ping()).rejects.toThrow(/Session not found/);
    await client.close();
  });

  it('can abort a call', async () => {
    const client = new Client(info);
    const transport = new StreamableHTTPClientTransport(new URL(test.url), { requestInit });
    await client.connect(transport);
    const errors: Error[] = [];
    client.onerror = (error) => void errors.push(error);
    const abort = new AbortController();
    const call = client.callTool({ name: 'silent' }, undefined, { signal: abort.signal });
    await client.ping();
    abort.abort();
    await expect(call).rejects.toThrow();
    await until(
      async () => JSON.stringify(await client.callTool({ name: 'seen' })).includes('cancelled'),
      'cancelled',
    );
    expect(errors).toEqual([]);
    await transport.terminateSession();
    await client.close();
  });
});

describe('SDK 2.x client', () => {
  it.each(['legacy', 'auto'] as const)('with version negotiation %s', async (mode) => {
    const client = new CurrentClient(info, { capabilities: { sampling: {} }, versionNegotiation: { mode } });
    client.setRequestHandler('sampling/createMessage', () => sampled);
    const transport = new CurrentTransport(new URL(test.url), { requestInit });
    await client.connect(transport);
    expect(client.getServerVersion()).toMatchObject({ name: 'fixture' });
    const progress: number[] = [];
    await client.callTool(
      { name: 'progress', arguments: { count: 2 } },
      { onprogress: (each) => void progress.push(each.progress) },
    );
    expect(progress).toEqual([1, 2]);
    const asked = await client.callTool({ name: 'ask' });
    expect(JSON.stringify(asked)).toContain('sampled');
    await transport.terminateSession();
    await client.close();
  });

  it('hears by its own stream that a list has changed, without a session', async () => {
    const changing = await startProxy({ args: ['--changes'] });
    const client = new CurrentClient(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    let changes = 0;
    client.setNotificationHandler('notifications/tools/list_changed', () => void (changes += 1));
    try {
      await client.connect(new CurrentTransport(new URL(changing.url), { requestInit }));
      await client.listen({ toolsListChanged: true });
      await client.callTool({ name: 'listChanged', arguments: { count: 2 } });
      await until(() => changes === 2, 'both changes');
      expect(changing.proxy.stats().sessions).toBe(0);
    } finally {
      await client.close();
      await changing.close();
    }
  });
});
