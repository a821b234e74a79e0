/** What a child for sessions and for requests without one says on its own: who hears of it. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { processesWith, until } from '../../../helpers/stdio-proxy.ts';
import { LEVEL, seenBy, useBothEras } from './both-eras.ts';

const { start, modern, session } = useBothEras();

describe('what the child of both eras says on its own', () => {
  it('are log messages: those that the call wants on its stream, and to a session what that wants', async () => {
    await start();
    const client = await session();
    const stream = await client.stream();
    await (await client.post(client.request('logging/setLevel', { level: 'emergency' }))).json();
    const levels = ['debug', 'error'];
    const events = await modern().events('tools/call', {
      name: 'logs',
      arguments: { levels },
      _meta: { [LEVEL]: 'info' },
    });
    expect((await events.next()).params).toEqual({ level: 'error', data: 'error' });
    expect((await events.next(1)).result.content[0].text).toBe('logged');
    expect((await modern().call('logs', { levels })).message.result.content[0].text).toBe('logged');
    expect((await seenBy(client, 'logging/setLevel')).map(({ params }) => params.level)).toEqual([
      'emergency',
      'info',
    ]);
    expect(stream.messages).toEqual([]);
  });

  it('are changes, to sessions and streams alike; a resource that one of them gives up is told to the other', async () => {
    await start({ args: ['--changes'] });
    const client = await session();
    const stream = await client.stream();
    const uri = 'test://a';
    await (await client.post(client.request('resources/subscribe', { uri }))).json();
    const notifications = { toolsListChanged: true, resourceSubscriptions: [uri] };
    const heard = await modern().events('subscriptions/listen', { notifications });
    expect(await heard.next()).toMatchObject({ method: 'notifications/subscriptions/acknowledged' });
    await modern().tool('listChanged');
    await client.tool('update', { uri });
    for (const each of [stream.next(), heard.next(1)])
      expect((await each).method).toBe('notifications/tools/list_changed');
    for (const each of [stream.next(1), heard.next(2)])
      expect(await each).toMatchObject({ method: 'notifications/resources/updated', params: { uri } });
    await (await client.post(client.request('resources/unsubscribe', { uri }))).json();
    await modern().tool('update', { uri });
    expect((await heard.next(3)).method).toBe('notifications/resources/updated');
    expect(await seenBy(client, 'resources/unsubscribe')).toEqual([]);
    await heard.cancel();
    await until(async () => (await seenBy(client, 'resources/unsubscribe')).length === 1, 'nobody listens');
    expect(stream.messages).toHaveLength(2);
  });

  it('is heard as long as somebody listens, and ends with the child', async () => {
    const marker = `--marker=${randomUUID()}`;
    await start({ args: ['--changes', marker], limits: { idleChildSeconds: 0.3 } });
    const heard = await modern().events('subscriptions/listen', {
      notifications: { toolsListChanged: true },
    });
    await heard.next();
    const other = await modern().events('subscriptions/listen', {
      notifications: { toolsListChanged: true },
    });
    await other.next();
    await other.cancel();
    await modern('bob').tool('pid');
    await until(() => processesWith(marker).length === 1, 'what nobody uses has ended');
    expect(heard.closed).toBe(false);
    await modern().tool('listChanged');
    expect((await heard.next(1)).method).toBe('notifications/tools/list_changed');
    await modern().call('crash');
    await until(() => heard.closed, 'the stream has ended');
    await modern().tool('pid');
    await until(() => processesWith(marker).length === 0, 'nobody uses it');
  });
});
