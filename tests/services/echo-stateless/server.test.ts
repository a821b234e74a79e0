import { describe, expect, it } from 'vitest';
import { createEchoStateless } from '../../../runtime/services/echo-stateless/server.ts';
import { INITIALIZE, LIST_TOOLS, callTool, clients, start } from '../harness.ts';

describe('echo-stateless', () => {
  it('has no session to give, to keep or to end', async () => {
    const { url, post, headers, service } = await start(createEchoStateless);
    expect((await post(INITIALIZE, headers('alice'))).headers.get('mcp-session-id')).toBeNull();
    expect(service.stats()).toEqual({ sessions: 0, children: 0 });
    for (const method of ['GET', 'DELETE']) {
      const response = await fetch(`${url}/mcp`, { method, headers: headers('alice') });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    }
  });

  it('answers without a handshake, in JSON', async () => {
    const { post, headers } = await start(createEchoStateless);
    const response = await post(callTool('echo', { message: 'hi' }), headers('alice'));
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({
      id: 3,
      result: { content: [{ type: 'text', text: 'hi' }] },
    });
  });

  it('answers a batch, and 202 to what asks nothing', async () => {
    const { post, headers } = await start(createEchoStateless);
    const batch = [callTool('echo', { message: 'a' }, 1), LIST_TOOLS, callTool('echo', { message: 'b' }, 3)];
    const answers = (await (await post(batch, headers('alice'))).json()) as { id: number }[];
    expect(answers.map(({ id }) => id).sort()).toEqual([1, 2, 3]);
    const notification = { jsonrpc: '2.0', method: 'notifications/initialized' };
    expect((await post(notification, headers('alice'))).status).toBe(202);
  });

  it('serves an echo of some megabytes', async () => {
    const { post, headers } = await start(createEchoStateless);
    const message = 'ü'.repeat(4 * 1024 * 1024);
    const response = await post(callTool('echo', { message }), headers('alice'));
    expect(await response.json()).toMatchObject({ result: { content: [{ text: message }] } });
  });

  it.each(clients)('keeps callers apart under load, by $sdk', async ({ connect }) => {
    const running = await start(createEchoStateless);
    const names = ['alice', 'bob', 'carol'];
    const all = await Promise.all(names.map((name) => connect(running, () => running.headers(name))));
    const answers = await Promise.all(
      all.flatMap((client) => Array.from({ length: 10 }, () => client.call('whoIStheGOAT'))),
    );
    answers.forEach(({ data }, index) => expect(data['goat']).toBe(names[Math.floor(index / 10)]));
  });

  it.each(clients)('sessionInfo says that there is none, by $sdk', async ({ connect }) => {
    const running = await start(createEchoStateless);
    const client = await connect(running, () => running.headers('alice'));
    expect(client.sessionId()).toBeUndefined();
    expect((await client.call('sessionInfo')).text).toContain('stateless');
  });
});
