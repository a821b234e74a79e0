import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Events, processesWith, RawClient, until, WRAPPER } from '../../helpers/stdio-proxy.ts';
import { withProxy } from './with-proxy.ts';

describe('no child is left', () => {
  it.each([
    ['a server', {}],
    ['a server behind a wrapper', { script: WRAPPER }],
    ['a server that ignores the end of its input and SIGTERM', { args: ['--stubborn'] }],
    ['such a server behind a wrapper', { script: WRAPPER, args: ['--stubborn'] }],
  ])('after a DELETE of %s', (_name, options) =>
    withProxy(options, async ({ client, alive, proxy }) => {
      await client.initialize();
      const pending = client.post(client.call('silent', {}, 'waiting'));
      await client.tool('echo', { text: 'the call before has arrived' });
      expect(alive()).toBeGreaterThan(0);
      expect((await client.send('DELETE')).status).toBe(204);
      expect(await (await pending).json()).toMatchObject({ id: 'waiting', error: { code: -32000 } });
      expect((await client.post(client.request('ping'))).status).toBe(404);
      await until(() => alive() === 0 && proxy.stats().children === 0, 'all processes are gone');
    }),
  );

  it('not even one that left the process group', () =>
    withProxy({ script: WRAPPER }, async ({ client, alive }) => {
      await client.initialize();
      await client.tool('browser');
      await until(() => alive() === 3, 'all three processes are there');
      await client.send('DELETE');
      await until(() => alive() === 0, 'all processes are gone');
    }));

  it('nor one of a server that crashed', () =>
    withProxy({}, async ({ client, alive }) => {
      await client.initialize();
      await client.tool('browser');
      await until(() => alive() === 2, 'both processes are there');
      await client.tool('crash');
      await until(() => alive() === 0, 'all processes are gone');
    }));

  it('when the process of the proxy exits', async () => {
    const marker = `--marker=${randomUUID()}`;
    const script = fileURLToPath(new URL('../../helpers/stdio-exiting-proxy.ts', import.meta.url));
    const host = spawn(process.execPath, [script, '--stubborn', marker], { stdio: 'ignore' });
    await until(() => processesWith(marker).length > 1, 'host and children are there');
    await once(host, 'exit');
    await until(() => processesWith(marker).length === 0, 'all processes are gone');
  });

  it('after the idle time, which an open stream or a pending call holds off', async () => {
    let nowMs = Date.now();
    const afterIdleTime = (): void => void (nowMs += 2_000);
    const options = { limits: { sessionIdleSeconds: 1 }, now: () => nowMs };
    await withProxy(options, async ({ client, alive, proxy }) => {
      await client.initialize();
      const asking = new Events(await client.post(client.call('ask')));
      const question = await asking.next();
      afterIdleTime();
      expect(await client.tool('echo', { text: 'a call is pending' })).toBe('a call is pending');
      const stream = await client.stream();
      await client.post({ jsonrpc: '2.0', id: question.id, result: 'yes' });
      expect((await asking.next(1)).result.content[0].text).toBe('"yes"');
      afterIdleTime();
      expect(await client.tool('echo', { text: 'a stream is open' })).toBe('a stream is open');
      await stream.cancel();
      await until(() => {
        // Once more, should the proxy not have known yet that the stream is closed.
        afterIdleTime();
        return alive() === 0;
      }, 'the child is gone');
      expect(proxy.stats()).toMatchObject({ sessions: 0 });
      expect((await client.post(client.request('ping'))).status).toBe(404);
    });
  });

  it('after close, which lets a pending call finish and refuses new ones', () =>
    withProxy({ args: ['--stubborn'], script: WRAPPER }, async ({ client, url, proxy, alive }) => {
      await client.initialize();
      await new RawClient(url, 'bob').initialize();
      // Pending until the client answers what it is asked.
      const asking = new Events(await client.post(client.call('ask')));
      const question = await asking.next();
      const closed = proxy.close(30_000);
      const refused = await new RawClient(url).post(client.initializeBody());
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '30']);
      expect((await client.post(client.request('ping'))).status).toBe(503);
      expect((await fetch(url.replace('/mcp', '/health'))).status).toBe(503);
      await client.post({ jsonrpc: '2.0', id: question.id, result: 'yes' });
      expect((await asking.next(1)).result.content[0].text).toBe('"yes"');
      await closed;
      expect(alive()).toBe(0);
      expect(proxy.stats()).toEqual({ sessions: 0, children: 0 });
    }));
});
