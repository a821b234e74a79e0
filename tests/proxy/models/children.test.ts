import { afterEach, describe, expect, it } from 'vitest';
import { ModernClient } from '../../helpers/modern-client.ts';
import {
  fixtureCommand,
  RawClient,
  startProxy,
  type Loose,
  type TestProxy,
} from '../../helpers/stdio-proxy.ts';

let test: TestProxy | undefined;
afterEach(() => test?.close());

const healthOf = async (url: string): Promise<Loose> => (await fetch(url.replace('/mcp', '/health'))).json();
const initialize = (url: string, user = 'alice') => {
  const client = new RawClient(url, user);
  return client.post(client.initializeBody());
};

describe('a server that cannot start', () => {
  it('is not started again and again, and says why to callers and to probes', async () => {
    let nowMs = Date.now();
    test = await startProxy({ args: ['--exit-on-init'], now: () => nowMs });
    const { url, proxy } = test;
    expect(await healthOf(url)).toEqual({ status: 'ok', live: true, ready: true });
    for (const time of [1, 2]) {
      expect((await initialize(url)).status).toBe(502);
      expect(proxy.childStats()).toMatchObject({ starts: time, failedStarts: time });
    }
    const refused = await initialize(url);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(((await refused.json()) as Loose).error.message).toBe(
      "The server of 'fixture' cannot start: exited with code 1; its log says why.",
    );
    expect(proxy.childStats().starts).toBe(2);
    const reason = 'cannot start: exited with code 1';
    expect(await healthOf(url)).toMatchObject({ status: 'failing', live: true, ready: false, reason });
    nowMs += 1000;
    expect((await initialize(url)).status).toBe(502);
    expect((await initialize(url)).headers.get('retry-after')).toBe('2');
  });

  it('names no path when its command is missing', async () => {
    test = await startProxy({ command: () => ({ file: '/no/such/server', args: [], env: {} }) });
    const text = await (await initialize(test.url)).text();
    expect(text).toContain('could not be started: its command is not there');
    expect(text).not.toContain('/no/such');
  });

  it('is ready again once it started', async () => {
    let args = ['--exit-on-init'];
    test = await startProxy({ command: () => fixtureCommand(args) });
    await initialize(test.url);
    expect(await healthOf(test.url)).toMatchObject({ ready: false });
    args = [];
    expect((await initialize(test.url)).status).toBe(200);
    expect(await healthOf(test.url)).toMatchObject({ ready: true });
  });

  it('counts as one when it never answers', async () => {
    test = await startProxy({ args: ['--silent-init'], limits: { initializeTimeoutSeconds: 0.2 } });
    expect((await initialize(test.url)).status).toBe(504);
    expect(await healthOf(test.url)).toMatchObject({
      reason: 'cannot start: did not answer initialize within 0.2 s',
    });
  });
});

describe('children', () => {
  it('are bounded for a user and in all, with 429 and 503', async () => {
    test = await startProxy({ limits: { maxChildren: 2, maxChildrenPerUser: 1 } });
    expect((await initialize(test.url)).status).toBe(200);
    const own = await initialize(test.url);
    expect([own.status, own.headers.get('retry-after')]).toEqual([429, '30']);
    expect((await initialize(test.url, 'bob')).status).toBe(200);
    const all = await initialize(test.url, 'carol');
    expect([all.status, all.headers.get('retry-after')]).toEqual([503, '30']);
    expect(((await all.json()) as Loose).error.message).toMatch(/^All 2 server processes are in use/);
  });
});

it('a session gets the place of a child that only calls without a session used', async () => {
  test = await startProxy({ limits: { maxChildren: 1 } });
  const modern = new ModernClient(test.url, 'alice', {});
  await modern.tool('pid');
  expect((await initialize(test.url, 'bob')).status).toBe(200);
  expect(test.proxy.childStats()).toMatchObject({ starts: 2, failedStarts: 0 });
});
