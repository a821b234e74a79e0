/** One child for the sessions of all users: nothing that one of them does may reach another. */
import { describe, expect, it } from 'vitest';
import type { Loose } from '../../../helpers/stdio-proxy.ts';
import { seenBy, useSessions } from './sessions.ts';

const { start, session } = useSessions('shared');

describe('a child for all users', () => {
  it('answers all, and may ask nobody', async () => {
    await start();
    const [alice, bob] = [await session('alice'), await session('bob')];
    expect(await alice.tool('pid')).toBe(await bob.tool('pid'));
    const refused = await alice.tool('askWhat', { method: 'sampling/createMessage', params: {} });
    expect(JSON.parse(refused)).toMatchObject({ error: { code: -32601 } });
  });

  it('is told that it may ask for nothing, and nothing that one of them tells on its own', async () => {
    await start({ clientRoots: true });
    const alice = await session('alice', { sampling: {}, elicitation: {}, roots: { listChanged: true } });
    const { first } = JSON.parse(await alice.tool('lines')) as { first: string };
    const { capabilities, clientInfo } = JSON.parse(first).params;
    expect([capabilities, clientInfo.name]).toEqual([{}, 'mcpgw']);
    const notification = (method: string): object => ({ jsonrpc: '2.0', method, params: { of: 'alice' } });
    for (const method of ['notifications/roots/list_changed', 'notifications/made/up'])
      expect((await alice.post(notification(method))).status).toBe(202);
    expect(await seenBy(alice)).toEqual([{ method: 'notifications/initialized', params: {} }]);
  });

  it('tells nobody what may be about one of them, and all what is about the server', async () => {
    await start();
    const [alice, bob] = [await session('alice'), await session('bob')];
    const [hers, his] = [await alice.stream(), await bob.stream()];
    for (const method of ['notifications/made/up', 'notifications/tasks/status'])
      await alice.tool('notification', {
        json: JSON.stringify({ jsonrpc: '2.0', method, params: { of: 'alice' } }),
      });
    await alice.tool('listChanged');
    await Promise.all([hers.next(), his.next()]);
    for (const { messages } of [hers, his])
      expect(messages.map(({ method }: Loose) => method)).toEqual(['notifications/tools/list_changed']);
    await Promise.all([hers.cancel(), his.cancel()]);
  });

  it('tells nobody what the server logs, which may be about a call of another user that is over', async () => {
    await start();
    const [alice, bob] = [await session('alice'), await session('bob')];
    const [hers, his] = [await alice.stream(), await bob.stream()];
    expect(await alice.tool('log')).toBe('logged');
    // As JSON: there was nothing to say before.
    const answer = await bob.post(bob.call('logSlowly', { data: 'of whom?', ms: 1 }));
    expect(answer.headers.get('content-type')).toBe('application/json');
    await answer.text();
    expect([hers.messages, his.messages]).toEqual([[], []]);
  });

  it('has no tasks: they would be of nobody', async () => {
    await start();
    const alice = await session('alice');
    const answer = (await (await alice.post(alice.request('tasks/list'))).json()) as Loose;
    expect(answer.error.message).toBe('A server that all users share has no tasks.');
  });
});
