/**
 * Replicas of auth on one Redis, under load, while Redis is killed and started again and replicas come and go: nobody
 * loses a token, and none that was revoked is accepted beyond what security invariant 13 allows.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSealer } from '../../runtime/auth/sealing.ts';
import { secretKey } from '../../runtime/auth/secret-key.ts';
import { loadKeySet } from '../../runtime/auth/tokens/keys.ts';
import { openRedisStore } from '../../runtime/store/redis.ts';
import type { Store } from '../../runtime/store/store.ts';
import { accessTokens, fill, freshRefreshToken, type Population } from '../bench/auth/population.ts';
import { ROOT_SECRET, SIGNING_KEY_PEM } from '../helpers/oauth-server.ts';
import { startRedis } from '../store/redis-server.ts';

const POPULATION: Population = { clients: 20, grants: 400 };
const CALLERS = 8;
/** Invariant 13, in milliseconds: with the store down a standing counts for this long. */
const TRUSTED_MS = 5_000;
/** How long a revocation may take with the store up, in milliseconds. */
const WITHIN_MS = 1_000;

interface Replica {
  port: number;
  child: ChildProcess;
}

let redis: Awaited<ReturnType<typeof startRedis>>;
let store: Store;
let tokens: string[];
const replicas: Replica[] = [];

beforeAll(async () => {
  redis = await startRedis();
  store = openRedisStore({ url: redis.url });
  const sealer = createSealer(secretKey(ROOT_SECRET, 'at-rest'));
  const keys = await loadKeySet({ store, sealer, seedPrivateKeyPem: SIGNING_KEY_PEM, now: Date.now });
  await fill(store, { clients: 0, grants: 0 }, POPULATION);
  const indexes = Array.from({ length: POPULATION.grants }, (_, index) => index);
  tokens = accessTokens(indexes, POPULATION, keys.signing());
  keys.close();
  replicas.push(await startReplica(), await startReplica());
});
afterAll(async () => {
  for (const { child } of replicas) child.kill('SIGKILL');
  await store.close();
  await redis.stop();
});

async function startReplica(): Promise<Replica> {
  const script = fileURLToPath(new URL('auth-replica.ts', import.meta.url));
  const child = fork(script, [redis.url], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [port] = (await once(child, 'message')) as [number];
  return { port, child };
}

/** Of a replica at random; 0 where it did not answer. */
async function ask(path: string, init: RequestInit): Promise<{ status: number; text: string }> {
  const replica = replicas[Math.floor(Math.random() * replicas.length)] as Replica;
  try {
    const response = await fetch(`http://127.0.0.1:${replica.port}${path}`, init);
    return { status: response.status, text: await response.text() };
  } catch {
    return { status: 0, text: '' };
  }
}

const verify = (token: string) => ask('/verify/echo', { headers: { authorization: `Bearer ${token}` } });
const post = (path: string, form: Record<string, string>) =>
  ask(path, { method: 'POST', body: new URLSearchParams(form) });

it('survives the death of Redis and the coming and going of replicas', async () => {
  const counts = { verified: 0, refreshed: 0, revoked: 0, unavailable: 0 };
  const wrong: string[] = [];
  let slowestMs = 0;
  let down: { fromMs: number; toMs: number } | undefined;
  let running = true;

  /** A client that verifies and refreshes, and that tries again where nobody answers. */
  const call = async (index: number): Promise<void> => {
    const { client, token } = await freshRefreshToken(store, index, POPULATION);
    let current = { refresh: token, access: '' };
    while (running) {
      const form = { grant_type: 'refresh_token', client_id: client, refresh_token: current.refresh };
      const { status, text } = await post('/token', form);
      if (status === 200) {
        const body = JSON.parse(text) as { access_token: string; refresh_token: string };
        current = { refresh: body.refresh_token, access: body.access_token };
        counts.refreshed++;
      } else if (status === 0 || status === 503) counts.unavailable++;
      else wrong.push(`refresh: ${status} ${text}`);
      for (let round = 0; round < 5 && current.access !== ''; round++) {
        const answer = await verify(current.access);
        if (answer.status === 200) counts.verified++;
        else if (answer.status === 0 || answer.status === 503) counts.unavailable++;
        else wrong.push(`verify: ${answer.status} ${answer.text}`);
        await delay(20);
      }
    }
  };

  /** Uses a token, ends its grant, and goes on to use it. */
  const revoke = async (token: string): Promise<void> => {
    for (let round = 0; round < 4; round++) await verify(token);
    let status = 0;
    while (status !== 200 && running) {
      const { gid, client_id: client } = JSON.parse(
        Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
      ) as { gid: string; client_id: string };
      ({ status } = await post('/revoke', { token, client_id: client }));
      if (status !== 200 && status !== 0 && status !== 503) wrong.push(`revoke ${gid}: ${status}`);
      if (status !== 200) await delay(50);
    }
    if (status !== 200) return;
    counts.revoked++;
    const endedAtMs = Date.now();
    while (running && Date.now() - endedAtMs < TRUSTED_MS + 1_500) {
      const afterMs = Date.now() - endedAtMs;
      const answer = await verify(token);
      if (answer.status === 200) {
        slowestMs = Math.max(slowestMs, afterMs);
        const isNearOutage =
          down !== undefined && endedAtMs > down.fromMs - TRUSTED_MS && endedAtMs < down.toMs + WITHIN_MS;
        if (afterMs > (isNearOutage ? TRUSTED_MS : WITHIN_MS))
          wrong.push(`accepted ${afterMs} ms after its end`);
      }
      await delay(100);
    }
  };
  const revokeSteadily = async (): Promise<void> => {
    const watched: Promise<void>[] = [];
    for (const token of tokens) {
      if (!running) break;
      watched.push(revoke(token));
      await delay(80);
    }
    await Promise.all(watched);
  };

  const load = [...Array.from({ length: CALLERS }, (_, index) => call(index)), revokeSteadily()];
  await delay(2_000);
  const { folder, port } = redis;
  const fromMs = Date.now();
  down = { fromMs, toMs: Infinity };
  await redis.kill();
  await delay(1_500);
  redis = await startRedis({ folder, port });
  down = { fromMs, toMs: Date.now() };
  await delay(3_000);
  replicas.push(await startReplica());
  await delay(3_000);
  const [leaving] = replicas.splice(0, 1);
  leaving?.child.send('stop');
  await delay(7_000);
  running = false;
  await Promise.all(load);

  console.log(
    `replicas: ${JSON.stringify(counts)}, Redis away for ${down.toMs - down.fromMs} ms; a revoked token was last accepted ${slowestMs} ms after its end`,
  );
  expect(wrong).toEqual([]);
  expect(counts.revoked).toBeGreaterThan(20);
  // All of what was revoked stays so after the restart, everywhere.
  expect(counts.refreshed).toBeGreaterThan(50);
});
