import { ChildProcess, spawn as nodeSpawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import {
  fixtureCommand,
  processesWith,
  RawClient,
  startProxy,
  until,
  type TestProxy,
  type TestProxyOptions,
} from '../../helpers/stdio-proxy.ts';

let test: TestProxy | undefined;
afterEach(() => test?.close());

async function start(options: TestProxyOptions): Promise<{ url: string; proxy: TestProxy['proxy'] }> {
  test = await startProxy(options);
  return test;
}

async function pidOf(url: string, user = 'alice'): Promise<{ client: RawClient; pid: string }> {
  const client = new RawClient(url, user);
  await client.initialize();
  return { client, pid: await client.tool('pid') };
}

describe('a spare', () => {
  it('stands ready after the first session, and is the child of the second', async () => {
    const marker = `--marker=${randomUUID()}`;
    const { url, proxy } = await start({ args: [marker], spares: 1, perUser: false });
    const first = await pidOf(url);
    const pids = await until(() => {
      const found = processesWith(marker);
      return found.length === 2 ? found : undefined;
    }, 'a spare has been started');
    const second = await pidOf(url, 'bob');
    expect(pids.map(String)).toContain(second.pid);
    expect(second.pid).not.toBe(first.pid);
    await until(() => processesWith(marker).length === 3, 'it is replaced');
    expect(proxy.stats()).toEqual({ sessions: 2, children: 2 });
    expect(proxy.childStats()).toMatchObject({ children: 2, spares: 1, sparesTaken: 1 });
    await test?.close();
    expect(processesWith(marker)).toEqual([]);
  });

  it("in a user's folder is never another user's child", async () => {
    // Two users' commands are even the same here: what a child has seen of its user is not in its command.
    const { url, proxy } = await start({ spares: 1, command: () => fixtureCommand() });
    await pidOf(url, 'alice');
    await until(() => proxy.childStats().spares === 1, "alice's spare");
    await pidOf(url, 'bob');
    expect(proxy.childStats().sparesTaken).toBe(0);
    await pidOf(url, 'alice');
    expect(proxy.childStats().sparesTaken).toBe(1);
  });

  it('is only for exactly its command', async () => {
    let run = 0;
    const command = () => fixtureCommand([`--marker=${(run += 1)}`]);
    const { url, proxy } = await start({ spares: 1, perUser: false, command });
    await pidOf(url);
    await until(() => proxy.childStats().spares === 1, 'a spare');
    await pidOf(url);
    expect(proxy.childStats().sparesTaken).toBe(0);
  });

  it('ends when its command is not used', async () => {
    let nowMs = Date.now();
    const { url, proxy } = await start({ spares: 1, now: () => nowMs });
    const { client } = await pidOf(url);
    await until(() => proxy.childStats().spares === 1, 'a spare');
    await client.send('DELETE');
    nowMs += 3_600_000;
    await until(() => proxy.childStats().spares === 0, 'none');
    await until(() => proxy.childStats().children === 0, 'no child');
  });

  it('is one of a bounded number, the last used first', async () => {
    const command = ({ sub }: { sub: string }) => fixtureCommand([`--marker=${sub}`]);
    const { url, proxy } = await start({ spares: 1, limits: { maxSpareChildren: 2 }, command });
    for (const user of ['a', 'b', 'c']) await pidOf(url, user);
    await until(() => proxy.childStats().spares === 2, 'spares');
    await pidOf(url, 'c');
    await pidOf(url, 'b');
    expect(proxy.childStats().sparesTaken).toBe(2);
    await pidOf(url, 'a');
    expect(proxy.childStats().sparesTaken).toBe(2);
  });

  it('that cannot be had, for lack of file descriptors, hurts nobody', async () => {
    let spawned = 0;
    const spawn: TestProxyOptions['spawn'] = ({ file, args, env }) => {
      spawned += 1;
      if (spawned !== 2) return nodeSpawn(file, args, { env, detached: true, stdio: 'pipe' });
      const failed = new ChildProcess();
      process.nextTick(() => failed.emit('error', new Error('spawn node EMFILE')));
      return failed;
    };
    const { url, proxy } = await start({ spares: 1, spawn });
    const { client } = await pidOf(url);
    expect(await client.tool('echo', { text: 'still there' })).toBe('still there');
    await until(() => proxy.childStats().spares === 1, 'it is had later');
    expect(spawned).toBe(3);
  });

  it('is replaced when it dies', async () => {
    const marker = `--marker=${randomUUID()}`;
    const { url, proxy } = await start({ args: [marker], spares: 1 });
    const { pid } = await pidOf(url);
    const spare = await until(() => processesWith(marker).find((one) => String(one) !== pid), 'a spare');
    process.kill(spare, 'SIGKILL');
    await until(() => proxy.childStats().spares === 0, 'it is missed');
    await until(() => proxy.childStats().spares === 1, 'another one');
  });
});
