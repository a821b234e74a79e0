/** One child for sessions and for requests without one: whose it is, when it starts and ends, and that nothing is lost. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fixtureCommand, Gate, processesWith, until } from '../../../helpers/stdio-proxy.ts';
import { ASKABLE, LEVEL, useBothEras } from './both-eras.ts';

const MODERN_SERVER = fileURLToPath(new URL('../../../helpers/modern-stdio.ts', import.meta.url));

const { start, modern, session } = useBothEras();

describe('in the process model user, one child', () => {
  it('serves the sessions of a user and the requests without one, whatever their clients can do', async () => {
    const { proxy } = await start();
    const first = await session();
    const pids = await Promise.all([
      first.tool('pid'),
      modern().tool('pid'),
      modern('alice', ASKABLE).tool('pid'),
      modern('alice', { extensions: {} }).tool('pid'),
      (await session()).tool('pid'),
    ]);
    expect(new Set(pids).size).toBe(1);
    expect(await modern('bob').tool('pid')).not.toBe(pids[0]);
    expect(proxy.childStats()).toMatchObject({ children: 2, starts: 2 });
  });

  it('is started once, when requests of both eras come at the same moment', async () => {
    const { proxy } = await start();
    const all = Array.from({ length: 10 }, (_each, at) =>
      at % 2 === 0
        ? modern('alice', at % 4 === 0 ? {} : ASKABLE).tool('pid')
        : session().then((one) => one.tool('pid')),
    );
    expect(new Set(await Promise.all(all)).size).toBe(1);
    expect(proxy.childStats()).toMatchObject({ children: 1, starts: 1 });
  });

  it('writes the one file of its user: of what both eras tell it at once, nothing is lost', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mcpgw-both-eras-'));
    try {
      await start({ args: [`--file=${join(folder, 'memory')}`] });
      const [old, young] = [await session(), modern('alice', ASKABLE)];
      const words = Array.from({ length: 40 }, (_each, at) => `word-${at}`);
      await Promise.all(
        words.map((word, at) =>
          at % 2 === 0 ? old.tool('remember', { word }) : young.tool('remember', { word }),
        ),
      );
      expect(readFileSync(join(folder, 'memory'), 'utf8').split('\n').sort()).toEqual([...words].sort());
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('fits where a user may have no more', async () => {
    await start({ limits: { maxChildrenPerUser: 1 } });
    const client = await session();
    const asked = await modern('alice', ASKABLE).call('ask');
    expect(asked.message.result.resultType).toBe('input_required');
    expect(await modern().tool('pid')).toBe(await client.tool('pid'));
  });

  it('is started anew for either era when it has ended', async () => {
    await start();
    const client = await session();
    const pid = await client.tool('pid');
    expect((await modern().call('crash')).message.error.message).toContain('exited with code 3');
    const [one, two] = await Promise.all([modern().tool('pid'), client.tool('pid')]);
    expect(one).not.toBe(pid);
    expect(two).toBe(one);
  });

  it('says why it cannot start', async () => {
    await start({ args: ['--exit-on-init'] });
    const { status, message } = await modern().call('pid');
    expect([status, message.error.message]).toEqual([502, expect.stringContaining('exited with code 1')]);
  });

  it('is the only one, too, when the first did not come so far as to show its era', async () => {
    let starts = 0;
    const { proxy } = await start({
      command: () => fixtureCommand((starts += 1) === 1 ? ['--exit-on-init'] : []),
    });
    const pid = await modern().tool('pid');
    expect(await (await session()).tool('pid')).toBe(pid);
    await until(() => proxy.childStats().children === 1, 'no other is left');
  });

  it('does both eras for a server that could itself', async () => {
    const { proxy } = await start({ script: MODERN_SERVER });
    const pids = [await modern().tool('pid'), await (await session()).tool('pid')];
    expect(new Set(pids).size).toBe(1);
    expect(proxy.childStats()).toMatchObject({ children: 1, starts: 1 });
  });

  it('passes requests on as they are to a server of 2026-07-28 alone', async () => {
    const { proxy } = await start({ script: MODERN_SERVER, args: ['--modern'] });
    const { message } = await modern('alice', { extensions: { 'a/b': {} } }).call('envelope');
    expect(message.result.content[0].text).toContain('a/b');
    expect(await (await session()).tool('echo', { text: 'old' })).toBe('old');
    await until(() => proxy.childStats().children === 2, 'one for each era');
  });
});

describe('in the process model shared, one child', () => {
  it('serves everybody in both eras, asks nobody and logs to no request without a session', async () => {
    const { proxy } = await start({ process: 'shared' });
    const alice = await session();
    const levels = ['error'];
    const pids = await Promise.all([
      alice.tool('pid'),
      modern().tool('pid'),
      modern('bob', ASKABLE).tool('pid'),
      (await session('carol')).tool('pid'),
    ]);
    expect(new Set(pids).size).toBe(1);
    for (const user of ['bob', 'alice'])
      expect((await modern(user, ASKABLE).call('ask')).message.error.code).toBe(-32021);
    const _meta = { [LEVEL]: 'debug' };
    const answer = await (
      await modern('bob').post(modern().body('tools/call', { name: 'logs', arguments: { levels }, _meta }))
    ).text();
    expect(answer).toContain('logged');
    expect(answer).not.toContain('notifications/message');
    const refused = await alice.tool('askWhat', { method: 'sampling/createMessage', params: {} });
    expect(JSON.parse(refused)).toMatchObject({ error: { code: -32601 } });
    expect(proxy.childStats()).toMatchObject({ children: 1, starts: 1 });
  });
});

describe.each(['user', 'shared'] as const)('in the process model %s, the end of the proxy', (process) => {
  it('lets a call without a session finish, and leaves no child', async () => {
    const marker = `--marker=${randomUUID()}`;
    const { proxy } = await start({ process, args: [marker] });
    const client = await session();
    const gate = new Gate();
    const call = modern().tool('wait', gate.args);
    await gate.begun();
    await client.send('DELETE');
    const closed = proxy.close(30_000);
    expect((await modern().call('pid')).status).toBe(503);
    gate.open();
    expect(await call).toBe('waited');
    await closed;
    await until(() => processesWith(marker).length === 0, 'no process is left', 2000);
  });

  it('ends a child that is only being started', async () => {
    const marker = `--marker=${randomUUID()}`;
    const { proxy } = await start({ process, args: [marker, '--silent-init'] });
    const call = modern().call('pid');
    await until(() => processesWith(marker).length === 1, 'it is started');
    await proxy.close(500);
    expect((await call).status).toBeGreaterThanOrEqual(500);
    await until(() => processesWith(marker).length === 0, 'no process is left', 2000);
  });
});
