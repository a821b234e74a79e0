import { describe, expect, it, vi } from 'vitest';
import { createEchoStateful } from '../../../runtime/services/echo-stateful/server.ts';
import { INITIALIZE, LIST_TOOLS, callTool, connectV1, connectV2, start, type Running } from '../harness.ts';

const replay = callTool('replayLastEcho');

/** A session by hand: posts in it, as any user. */
async function openSession(running: Running, name: string) {
  const id = (await running.initialize(name)).headers.get('mcp-session-id') ?? '';
  const post = (body: unknown, as = name, more: Record<string, string> = {}) =>
    running.post(body, { ...running.headers(as), 'mcp-session-id': id, ...more });
  const request = (method: string, as = name, more: Record<string, string> = {}) =>
    fetch(`${running.url}/mcp`, {
      method,
      headers: { ...running.headers(as), 'mcp-session-id': id, ...more },
    });
  return { id, post, request };
}

describe('sessions of echo-stateful', () => {
  it('remembers the last message of each session, SDK 1.x', async () => {
    const running = await start(createEchoStateful);
    const one = await connectV1(running, () => running.headers('alice'));
    const two = await connectV1(running, () => running.headers('alice'));
    expect(one.sessionId()).not.toBe(two.sessionId());
    expect((await one.call('replayLastEcho')).text).toContain('Nothing has been echoed');
    await one.call('echo', { message: 'first' });
    await one.call('echo', { message: 'second' });
    await two.call('echo', { message: 'other' });
    expect((await one.call('replayLastEcho')).text).toBe('second');
    expect((await two.call('replayLastEcho')).text).toBe('other');
    expect(running.service.stats()).toEqual({ sessions: 2, children: 0 });
    const info = await one.call('sessionInfo');
    expect(info.text).toContain(`Session: ${one.sessionId()}`);
    expect(info.data['sessions']).toEqual({ total: 2, ofUser: 2 });
  });

  it('belongs to the user who opened it: 404 for anyone else, whatever the method', async () => {
    const running = await start(createEchoStateful);
    const { post, request } = await openSession(running, 'alice');
    await post(callTool('echo', { message: 'private' }));
    for (const response of [
      await post(replay, 'bob'),
      await request('GET', 'bob'),
      await request('DELETE', 'bob'),
    ]) {
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error: { code: -32001 } });
    }
    // The unsigned headers are no way in either.
    expect((await post(replay, 'bob', { 'x-user-id': 'github:alice' })).status).toBe(404);
    expect(await (await post(replay)).json()).toMatchObject({ result: { content: [{ text: 'private' }] } });
  });

  it('is 404 when unknown, 400 when not named', async () => {
    const running = await start(createEchoStateful);
    expect(
      (await running.post(LIST_TOOLS, { ...running.headers('alice'), 'mcp-session-id': 'x' })).status,
    ).toBe(404);
    expect((await running.post(LIST_TOOLS, running.headers('alice'))).status).toBe(400);
  });

  it('has an id of visible ASCII alone', async () => {
    const { id } = await openSession(await start(createEchoStateful), 'alice');
    expect(id).toMatch(/^[\x21-\x7e]{20,}$/);
  });

  it('ends with DELETE', async () => {
    const running = await start(createEchoStateful);
    const client = await connectV1(running, () => running.headers('alice'));
    const id = client.sessionId() ?? '';
    await client.endSession();
    expect(running.service.stats().sessions).toBe(0);
    expect(
      (await running.post(LIST_TOOLS, { ...running.headers('alice'), 'mcp-session-id': id })).status,
    ).toBe(404);
  });

  it('expires when idle, and a handshake with the old id opens a new one', async () => {
    const running = await start(createEchoStateful, { sessionIdleSeconds: 600 });
    const { id, post } = await openSession(running, 'alice');
    running.clock.advanceSeconds(599);
    expect((await post(LIST_TOOLS)).status).toBe(200);
    running.clock.advanceSeconds(599);
    expect(running.service.stats().sessions).toBe(1);
    running.clock.advanceSeconds(1);
    expect(running.service.stats().sessions).toBe(0);
    expect((await post(LIST_TOOLS)).status).toBe(404);
    const again = await post(INITIALIZE);
    expect(again.status).toBe(200);
    expect(again.headers.get('mcp-session-id')).not.toBe(id);
  });

  it('is not idle while its stream is open', async () => {
    const running = await start(createEchoStateful, { sessionIdleSeconds: 600 });
    const { id, post } = await openSession(running, 'alice');
    const abort = new AbortController();
    const stream = await fetch(`${running.url}/mcp`, {
      headers: { ...running.headers('alice'), 'mcp-session-id': id, accept: 'text/event-stream' },
      signal: abort.signal,
    });
    expect(stream.status).toBe(200);
    running.clock.advanceSeconds(1000);
    expect(running.service.stats().sessions).toBe(1);
    expect((await post(LIST_TOOLS)).status).toBe(200);
    abort.abort();
    await vi.waitFor(() => {
      running.clock.advanceSeconds(1000);
      expect(running.service.stats().sessions).toBe(0);
    });
  });

  it('is refused beyond the limits, with the time to wait', async () => {
    const running = await start(createEchoStateful, {
      maxSessionsPerUser: 2,
      maxSessions: 3,
      sessionIdleSeconds: 60,
    });
    const first = await openSession(running, 'alice');
    await running.initialize('alice');
    const tooMany = await running.initialize('alice');
    expect([tooMany.status, tooMany.headers.get('retry-after')]).toEqual([429, '60']);
    expect((await running.initialize('bob')).status).toBe(200);
    const full = await running.initialize('carol');
    expect([full.status, full.headers.get('retry-after')]).toEqual([503, '60']);
    await first.request('DELETE');
    expect((await running.initialize('carol')).status).toBe(200);
  });

  it('is not opened by a handshake in a batch or a broken one', async () => {
    const running = await start(createEchoStateful);
    expect((await running.post([INITIALIZE, LIST_TOOLS], running.headers('alice'))).status).toBe(400);
    expect((await running.post({ ...INITIALIZE, params: {} }, running.headers('alice'))).status).toBe(400);
    expect(running.service.stats().sessions).toBe(0);
  });

  it('answers a batch, another supported version, and 400 to an unsupported one', async () => {
    const running = await start(createEchoStateful);
    const { post } = await openSession(running, 'alice');
    const answers = (await (
      await post([LIST_TOOLS, callTool('echo', { message: 'a' })])
    ).json()) as unknown[];
    expect(answers).toHaveLength(2);
    expect((await post(LIST_TOOLS, 'alice', { 'mcp-protocol-version': '2025-03-26' })).status).toBe(200);
    expect((await post(LIST_TOOLS, 'alice', { 'mcp-protocol-version': '1999-01-01' })).status).toBe(400);
  });

  it('says when the replayed message was cut', async () => {
    const running = await start(createEchoStateful);
    const client = await connectV1(running, () => running.headers('alice'));
    await client.call('echo', { message: 'x'.repeat(70_000) });
    const { text, data } = await client.call('replayLastEcho');
    expect(text).toContain('[cut: the first 65536 of 70000 characters]');
    expect(data['cut']).toBe(true);
  });

  it('all end when the service closes', async () => {
    const running = await start(createEchoStateful);
    const { request } = await openSession(running, 'alice');
    const stream = await request('GET', 'alice', { accept: '*/*' });
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    await running.service.close();
    expect(await stream.text()).toBe('');
    expect(running.service.stats().sessions).toBe(0);
  });
});

describe('protocol 2026-07-28 on echo-stateful', () => {
  it('has no session and keeps the last message for each user', async () => {
    const running = await start(createEchoStateful, { sessionIdleSeconds: 600 });
    const alice = await connectV2(running, () => running.headers('alice'));
    const bob = await connectV2(running, () => running.headers('bob'));
    await alice.call('echo', { message: 'of alice' });
    expect((await bob.call('replayLastEcho')).text).toContain('Nothing of yours');
    const elsewhere = await connectV2(running, () => running.headers('alice'));
    expect((await elsewhere.call('replayLastEcho')).text).toBe('of alice');
    expect(alice.sessionId()).toBeUndefined();
    expect(running.service.stats().sessions).toBe(0);
    expect((await alice.call('sessionInfo')).text).toContain('has no sessions');
    running.clock.advanceSeconds(600);
    expect((await alice.call('replayLastEcho')).text).toContain('Nothing of yours');
  });

  it('is not what a client of SDK 2.x gets that does not ask for it: that one has a session', async () => {
    const running = await start(createEchoStateful);
    const client = await connectV2(running, () => running.headers('alice'), 'legacy');
    expect(client.protocolVersion()).toBe('2025-11-25');
    await client.call('echo', { message: 'in a session' });
    expect((await client.call('replayLastEcho')).text).toBe('in a session');
    expect(running.service.stats().sessions).toBe(1);
    await client.endSession();
    expect(running.service.stats().sessions).toBe(0);
  });

  it('is not mixed up with the sessions of the same user', async () => {
    const running = await start(createEchoStateful);
    const modern = await connectV2(running, () => running.headers('alice'));
    const session = await connectV1(running, () => running.headers('alice'));
    await modern.call('echo', { message: 'modern' });
    await session.call('echo', { message: 'session' });
    expect((await modern.call('replayLastEcho')).text).toBe('modern');
    expect((await session.call('replayLastEcho')).text).toBe('session');
  });
});
