import { afterEach, describe, expect, it } from 'vitest';
import { RawClient, SERVICE, startProxy, until, type TestProxy } from '../../helpers/stdio-proxy.ts';

let test: TestProxy;
afterEach(() => test.close());

describe('a session that has been idle for too long', () => {
  it('is over for its client at once, not only when the proxy next looks', async () => {
    let now = Date.now();
    test = await startProxy({ now: () => now, limits: { sessionIdleSeconds: 600 } });
    const client = new RawClient(test.url);
    await client.initialize();
    now += 599_000;
    expect((await client.post(client.call('pid'))).status).toBe(200);
    now += 600_500;
    for (const response of [
      await client.post(client.call('pid')),
      await client.send('GET'),
      await client.send('DELETE'),
    ])
      expect(response.status).toBe(404);
    await until(() => test.proxy.stats().children === 0, 'the child is gone');
  });
});

it('a session is in the log as it opens and ends, with its user and service', async () => {
  test = await startProxy();
  const client = new RawClient(test.url);
  await client.initialize();
  await client.send('DELETE');
  const entries = test.logs.filter(({ message }) => message.startsWith('session '));
  expect(entries.map(({ message }) => message)).toEqual(['session opened', 'session ended']);
  for (const { fields } of entries) expect(fields).toMatchObject({ service: SERVICE, user: 'test:alice' });
});
