/** The end of a proxy: what is under way finishes, nothing new begins, and no process is left, whatever the model. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Gate, processesWith, RawClient, startProxy, until } from '../../helpers/stdio-proxy.ts';

describe.each(['session', 'user', 'shared'] as const)('with a child for each %s, close', (model) => {
  it('lets a call finish, refuses new ones, and ends children and spares', async () => {
    const marker = `--marker=${randomUUID()}`;
    const test = await startProxy({
      process: model,
      args: [marker],
      spares: 1,
      perUser: false,
    });
    const { url, proxy } = test;
    const [client, idle] = [new RawClient(url), new RawClient(url, 'bob')];
    await client.initialize();
    await idle.initialize();
    const count = { session: 3, user: 3, shared: 1 }[model];
    await until(() => processesWith(marker).length === count, `${count} processes`);
    const gate = new Gate();
    const pending = client.tool('wait', gate.args);
    await gate.begun();
    const closed = proxy.close(30_000);
    const opening = await new RawClient(url).post(client.initializeBody());
    expect([opening.status, opening.headers.get('retry-after')]).toEqual([503, '30']);
    const refused = await client.post(client.request('ping'));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '30']);
    gate.open();
    expect(await pending).toBe('waited');
    await closed;
    await until(() => processesWith(marker).length === 0, 'no process is left', 2000);
    expect(proxy.childStats()).toMatchObject({ children: 0, spares: 0 });
    await test.close();
  });
});
