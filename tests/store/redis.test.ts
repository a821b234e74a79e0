import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Logger } from '../../runtime/config/log.ts';
import { openRedisStore } from '../../runtime/store/redis.ts';
import { StoreUnavailableError } from '../../runtime/store/store.ts';
import type { Store } from '../../runtime/store/store.ts';
import { AUTHORITY, CERTIFICATE, CERTIFICATE_KEY } from '../cli/net/certificates.ts';
import { freePort } from '../helpers/free-port.ts';
import { describeStoreContract } from './contract.ts';
import { TestClock, makeClient, makeGrant, makeKey, makeTransaction } from './records.ts';
import { hasRedis, startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

if (hasRedis) {
  describe('with a redis-server', describeRedis);
} else {
  it('redis: needs redis-server, which is not installed here', ({ skip }) => {
    if (process.env['MCPGW_TEST_REQUIRE'] === 'all')
      throw new Error('Install redis-server (apt-get install redis-server).');
    skip('redis-server is not installed');
  });
}

function describeRedis(): void {
  let server: RedisServer;
  let admin: Redis;
  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  describeStoreContract('redis', async (clock) => {
    await admin.flushall();
    const open = () => openRedisStore({ url: server.url, now: clock.now });
    const stores = [open()];
    return {
      store: stores[0] as Store,
      reopen: () => {
        const store = open();
        stores.push(store);
        return Promise.resolve(store);
      },
      cleanup: async () => {
        for (const store of stores) await store.close();
      },
    };
  });

  describe('redis: what it leaves behind', () => {
    const clock = new TestClock();
    let store: Store;
    beforeEach(async () => {
      await admin.flushall();
      store = openRedisStore({ url: server.url, now: clock.now });
      onTestFinished(() => store.close());
    });

    it('gives every key an end, but for the keys and a client without one', async () => {
      const nowMs = clock.now();
      await store.putClient(makeClient('ends', nowMs, { expiresAtMs: nowMs + 100_000 }));
      await store.putClient(makeClient('stays', nowMs));
      await store.putRecord('transaction', 't', makeTransaction('t', nowMs + 100_000));
      await store.putGrant(makeGrant('g', nowMs));
      await store.putGrant(makeGrant('rotated', nowMs));
      await store.redeemCode('rotated', 'code-of-rotated', nowMs + 200_000);
      await store.rotateRefresh({
        grantId: 'rotated',
        generation: 1,
        sealed: 's',
        graceMs: 1,
        expiresAtMs: nowMs + 300_000,
      });
      await store.revokeGrant('rotated');
      await store.revokeGrant('unknown');
      await store.redeemCode('unknown', 'code', nowMs + 200_000);
      await store.revokeUser('u', nowMs);
      await store.seedKey(makeKey('k', nowMs));
      const ttl: Record<string, number | 'none'> = {};
      for (const key of await admin.keys('*')) {
        const ms = await admin.pttl(key);
        ttl[key] = ms === -1 ? 'none' : Math.ceil(ms / 10_000) * 10;
      }
      expect(ttl).toStrictEqual({
        'mcpgw:1:client:{ends}': 160,
        'mcpgw:1:client:{stays}': 'none',
        'mcpgw:1:transaction:{t}': 160,
        'mcpgw:1:grant:{g}': 120,
        'mcpgw:1:grant:{rotated}': 360,
        'mcpgw:1:user-revocation:{u}': 2 * 366 * 86_400,
        'mcpgw:1:signing-keys': 'none',
      });
      await store.putClient(makeClient('ends', nowMs));
      expect(await admin.pttl('mcpgw:1:client:{ends}')).toBe(-1);
    });

    it('drops the answers to refreshes that are past grace, and keeps the last', async () => {
      const expiresAtMs = clock.now() + 300_000;
      await store.putGrant(makeGrant('g', clock.now(), { codeUsed: true, generation: 1 }));
      const rotate = (generation: number) =>
        store.rotateRefresh({ grantId: 'g', generation, sealed: 's', graceMs: 1_000, expiresAtMs });
      await rotate(1);
      clock.advance(1);
      await rotate(2);
      clock.advance(1_000);
      await rotate(3);
      const fields = await admin.hkeys('mcpgw:1:grant:{g}');
      expect(fields.filter((field) => field.startsWith('answer')).sort()).toEqual(['answer:2', 'answer:3']);
    });

    it('keeps a record in Redis until our clock ends it', async () => {
      await store.putRecord('transaction', 't', makeTransaction('t', clock.now() + 1));
      expect(await admin.pttl('mcpgw:1:transaction:{t}')).toBeGreaterThan(30_000);
      clock.advance(1);
      expect(await store.getRecord('transaction', 't')).toBeUndefined();
    });

    it('lists clients among many other keys', async () => {
      const other = admin.pipeline();
      for (let index = 0; index < 3_000; index++) other.set(`other:${index}`, '');
      await other.exec();
      await Promise.all(
        Array.from({ length: 1_500 }, (_, index) => store.putClient(makeClient(`c${index}`, index))),
      );
      const listed = await store.listClients();
      expect(listed.map((client) => client.issuedAtMs)).toStrictEqual(
        Array.from({ length: 1_500 }, (_, index) => 1_499 - index),
      );
    });

    it('works on after the scripts were flushed', async () => {
      await store.putGrant(makeGrant('g', clock.now()));
      await admin.script('FLUSH');
      await store.putGrant(makeGrant('g', clock.now()));
      expect(await store.getGrant('g')).toBeDefined();
    });

    it('says that a damaged record is the fault of the storage', async () => {
      await admin.set('mcpgw:1:transaction:{t}', '{');
      await admin.set('mcpgw:1:grant:{g}', 'not a hash');
      await expect(store.getRecord('transaction', 't')).rejects.toThrow(StoreUnavailableError);
      await expect(store.getGrant('g')).rejects.toThrow(StoreUnavailableError);
      await expect(store.redeemCode('g', 'code', 0)).rejects.toThrow(StoreUnavailableError);
    });

    it('lets one of two connections win', async () => {
      const second = openRedisStore({ url: server.url, now: clock.now });
      onTestFinished(() => second.close());
      await store.putGrant(makeGrant('g', clock.now()));
      const redeem = (each: Store) => each.redeemCode('g', 'code-of-g', clock.now() + 1_000);
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, index) => redeem(index % 2 ? store : second)),
      );
      const count = (outcome: string) => results.filter((result) => result.outcome === outcome).length;
      expect([count('redeemed'), count('replayed'), count('unknown')]).toStrictEqual([1, 1, 48]);
    });
  });

  describe('redis: faults', describeFaults);
}

function describeFaults(): void {
  it('fails at once when nothing listens', async () => {
    const port = await freePort();
    const store = openRedisStore({ url: `redis://127.0.0.1:${port}/3` });
    onTestFinished(() => store.close());
    const failure = await rejectionOf(store.ping());
    expect(failure).toBeInstanceOf(StoreUnavailableError);
    expect(failure.message).toBe(
      `The store at 127.0.0.1:${port} failed: connect ECONNREFUSED 127.0.0.1:${port}.`,
    );
    const beganMs = performance.now();
    for (let index = 0; index < 100; index++)
      await expect(store.getGrant('g')).rejects.toThrow(StoreUnavailableError);
    expect(performance.now() - beganMs).toBeLessThan(500);
  });

  it('refuses a URL with a password in it, without telling it', () => {
    expect(() => openRedisStore({ url: 'redis://user:hunter2@127.0.0.1/3' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') as string }) as Error,
    );
  });

  it('speaks TLS, as a named user, and only to a server whose certificate holds', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mcpgw-redis-tls-'));
    writeFileSync(join(folder, 'cert.pem'), CERTIFICATE);
    writeFileSync(join(folder, 'key.pem'), CERTIFICATE_KEY);
    const port = await freePort();
    const server = await startRedis({
      folder,
      port: await freePort(),
      args: [
        ...['--tls-port', String(port), '--tls-cert-file', join(folder, 'cert.pem')],
        ...['--tls-key-file', join(folder, 'key.pem'), '--tls-auth-clients', 'no'],
        ...['--tls-ca-cert-file', join(folder, 'cert.pem')],
      ],
    });
    onTestFinished(() => server.stop());
    const operator = new Redis(server.url);
    onTestFinished(() => operator.disconnect());
    await operator.acl('SETUSER', 'gateway', 'on', '>right-secret', '~*', '&*', '+@all');
    const who = { username: 'gateway', password: 'right-secret' };
    const open = (host: string, ca?: string) => {
      const store = openRedisStore({ url: `rediss://${host}:${port}/0`, ...who, ...(ca && { ca }) });
      onTestFinished(() => store.close());
      return store;
    };
    const store = open('localhost', AUTHORITY);
    await store.putClient(makeClient('c', Date.now()));
    expect(await store.getClient('c')).toBeDefined();
    await expect(open('localhost').ping()).rejects.toThrow(/certificate/);
    await expect(open('127.0.0.1', AUTHORITY).ping()).rejects.toThrow(/altnames/);
  });

  it('names a wrong password without telling it, also to a logger that prints all of an error', async () => {
    const server = await startRedis({ password: 'right-secret' });
    onTestFinished(() => server.stop());
    const lines: string[] = [];
    const note = (...all: unknown[]): void => void lines.push(inspect(all, { depth: null }));
    const logger: Logger = { debug: note, info: note, warn: note, error: note };
    const wrong = openRedisStore({ url: server.url, password: 'wrong-secret', logger });
    onTestFinished(() => wrong.close());
    const failure = await rejectionOf(wrong.ping());
    expect(failure.message).toContain('WRONGPASS');
    expect(inspect(failure, { depth: null, showHidden: true }) + lines.join('\n')).not.toMatch(/-secret/);
    expect(lines).toHaveLength(1);

    const right = openRedisStore({ url: server.url, password: 'right-secret' });
    onTestFinished(() => right.close());
    await right.ping();
  });

  it('comes back by itself after Redis was killed, with what it had answered', async () => {
    const first = await startRedis();
    const store = openRedisStore({ url: first.url });
    onTestFinished(() => store.close());
    await store.putClient(makeClient('c', Date.now()));
    const grant = makeGrant('g', Date.now());
    await store.putGrant(grant);
    await first.kill();
    await expect(store.redeemCode('g', grant.codeHash, Date.now() + 60_000)).rejects.toThrow(
      StoreUnavailableError,
    );
    const second = await startRedis({ port: first.port, folder: first.folder });
    onTestFinished(() => second.stop());
    await vi.waitFor(() => store.ping(), { timeout: 5_000 });
    expect(await store.getClient('c')).toBeDefined();
    // The step that failed was not sent again behind the caller's back.
    expect(await store.getGrant('g')).toMatchObject({ codeUsed: false });
  });

  it('does not send again what was under way when the connection broke', async () => {
    const first = await startRedis();
    const store = openRedisStore({ url: first.url });
    onTestFinished(() => store.close());
    const grant = makeGrant('g', Date.now());
    await store.putGrant(grant);
    process.kill(first.pid, 'SIGSTOP');
    const underWay = rejectionOf(store.redeemCode('g', grant.codeHash, Date.now() + 60_000));
    // Once the event loop has turned, the command is in the socket; Redis dies without reading it.
    await new Promise((resolve) => setImmediate(resolve));
    await first.kill();
    expect(await underWay).toBeInstanceOf(StoreUnavailableError);
    const second = await startRedis({ port: first.port, folder: first.folder });
    onTestFinished(() => second.stop());
    await vi.waitFor(() => store.ping(), { timeout: 5_000 });
    expect(await store.getGrant('g')).toMatchObject({ codeUsed: false });
  });

  it('gives up on a Redis that hangs, and comes back', async () => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const store = openRedisStore({ url: server.url, timeoutMs: 100 });
    onTestFinished(() => store.close());
    await store.putClient(makeClient('c', Date.now()));
    process.kill(server.pid, 'SIGSTOP');
    const beganMs = performance.now();
    await expect(store.getClient('c')).rejects.toThrow(StoreUnavailableError);
    expect(performance.now() - beganMs).toBeLessThan(1_000);
    process.kill(server.pid, 'SIGCONT');
    await vi.waitFor(() => store.ping(), { timeout: 5_000 });
    expect(await store.getClient('c')).toBeDefined();
  });
}

async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('It did not fail.');
  return error;
}
