/** A registration that no person has signed in to ends after a day; the first completed sign-in keeps it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { registerClient as operatorRegisters } from '../../../runtime/auth/clients/register.ts';
import { createMemoryStore } from '../../../runtime/store/memory.ts';
import { openRedisStore } from '../../../runtime/store/redis.ts';
import { openSqliteStore } from '../../../runtime/store/sqlite.ts';
import type { ClientRecord, Store } from '../../../runtime/store/store.ts';
import { startGithubStandIn } from '../../helpers/github-stand-in.ts';
import {
  authorize,
  clientMetadata,
  codeForm,
  openConsent,
  postJson,
  postToken,
  refreshForm,
  registerClient,
  signIn,
  type RegisteredClient,
} from '../../helpers/oauth-flow.ts';
import {
  createTestClock,
  startTestAuth,
  switchable,
  type TestAuth,
  type TestAuthOptions,
} from '../../helpers/oauth-server.ts';
import { hasRedis, startRedis } from '../../store/redis-server.ts';

const DAY_MS = 86_400_000;

async function start(options: TestAuthOptions = {}) {
  const test = await startTestAuth(options);
  onTestFinished(() => test.close());
  return test;
}

type OpenStore = (now: () => number) => Promise<Store>;

const STORES: [string, OpenStore, boolean][] = [
  ['memory', (now) => Promise.resolve(createMemoryStore({ now })), true],
  ['SQLite', openSqlite, true],
  ['Redis', openRedis, hasRedis || process.env['MCPGW_TEST_REQUIRE'] === 'all'],
];

function openSqlite(now: () => number): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-registration-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return Promise.resolve(openSqliteStore({ path: join(folder, 'store.db'), now }));
}

async function openRedis(now: () => number): Promise<Store> {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  return openRedisStore({ url: server.url, now });
}

/** @returns a client, and how its first sign-in ends */
async function beginSignIn(test: TestAuth) {
  const { client, page, person } = await openConsent(test);
  const local = await person.press(page, { decision: 'allow:local' });
  const end = async () => expect((await person.press(local, {})).url).toContain('code=');
  return { client, end };
}

/** RFC 7592 §2.2. */
async function rename(client: RegisteredClient, name: string): Promise<void> {
  const response = await fetch(String(client.registration_client_uri), {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${String(client.registration_access_token)}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ ...clientMetadata({ client_name: name }), client_id: client.client_id }),
  });
  expect(response.status).toBe(200);
}

describe.each(STORES)('a registration in %s', (_name, open, isThere) => {
  const startWith = async (settings: TestAuthOptions['settings'] = {}) => {
    const clock = createTestClock();
    const store = await open(clock.now);
    onTestFinished(() => store.close());
    return start({ clock, store: switchable(store), settings });
  };

  it.skipIf(!isThere)('that nobody signs in to ends after a day, whatever it was told', async () => {
    const test = await startWith();
    const client = await registerClient(test.origin, { token_endpoint_auth_method: 'client_secret_basic' });
    const issuedAt = client.client_id_issued_at as number;
    expect(client.client_secret_expires_at).toBe(issuedAt + test.settings.clientLifetimeSeconds);
    await openConsent(test, { client });
    test.clock.advance(issuedAt * 1000 + DAY_MS - 1 - test.clock.now());
    expect((await openConsent(test, { client })).page.status).toBe(200);
    test.clock.advance(1);
    expect((await openConsent(test, { client })).page.status).toBe(400);
    expect(await test.store.listClients()).toEqual([]);
  });

  it.skipIf(!isThere)('that a person signed in to lasts as long as it was told', async () => {
    const test = await startWith({ refreshTokenLifetimeSeconds: 100 * 86_400 });
    const client = await registerClient(test.origin);
    const { tokens } = await signIn(test, { client });
    const endMs = (client.client_id_issued_at as number) * 1000 + test.settings.clientLifetimeSeconds * 1000;
    expect(await test.store.getClient(client.client_id)).toMatchObject({ expiresAtMs: endMs });
    test.clock.advance(endMs - 1 - test.clock.now());
    const refreshed = await postToken(test, refreshForm(client, tokens.refresh_token));
    expect(refreshed.status).toBe(200);
    test.clock.advance(1);
    expect(await postToken(test, refreshForm(client, refreshed.body.refresh_token))).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
  });

  it.skipIf(!isThere)('that was told that it never ends does so after a sign-in only', async () => {
    const test = await startWith({ clientLifetimeSeconds: 0 });
    const used = await registerClient(test.origin);
    await registerClient(test.origin);
    await authorize(test, { client: used });
    test.clock.advance(3650 * DAY_MS);
    expect((await test.store.listClients()).map(({ id }) => id)).toEqual([used.client_id]);
  });

  it.skipIf(!isThere)('that was deleted while the person signed in stays deleted', async () => {
    const test = await startWith();
    const { page, person, client } = await openConsent(test);
    const local = await person.press(page, { decision: 'allow:local' });
    // Right before the sign-in keeps it, for which it has read it already.
    const { store } = test.auth.context;
    const racing: Store = Object.create(store, {
      swapClient: {
        value: async (read: ClientRecord, next: ClientRecord) => {
          await store.deleteClient(read.id);
          return store.swapClient(read, next);
        },
      },
    }) as Store;
    test.auth.context.store = racing;
    const end = await person.press(local, {});
    expect([end.status, end.html.includes('has just ended')]).toEqual([400, true]);
    expect(await store.getClient(client.client_id)).toBeUndefined();
  });

  it.skipIf(!isThere)('that is updated during the sign-in keeps the update and its end', async () => {
    const test = await startWith();
    const { store } = test.auth.context;
    /** Runs `first` between the reading and the writing of whoever changes the client next. */
    const race = (first: () => Promise<unknown>): void => {
      test.auth.context.store = Object.create(store, {
        swapClient: {
          value: async (read: ClientRecord, next: ClientRecord) => {
            if (test.auth.context.store !== store) {
              test.auth.context.store = store;
              await first();
            }
            return store.swapClient(read, next);
          },
        },
      }) as Store;
    };
    const [one, other] = [await beginSignIn(test), await beginSignIn(test)];
    race(() => rename(one.client, 'During the sign-in'));
    await one.end();
    race(other.end);
    await rename(other.client, 'Around the sign-in');
    for (const [client, name] of [
      [one.client, 'During the sign-in'],
      [other.client, 'Around the sign-in'],
    ] as const) {
      const kept = await store.getClient(client.client_id);
      const endMs = ((client.client_id_issued_at as number) + test.settings.clientLifetimeSeconds) * 1000;
      expect(kept).toMatchObject({ expiresAtMs: endMs, metadata: { client_name: name } });
      expect(kept).not.toHaveProperty('onFirstSignIn');
    }
  });
});

describe('the end of a registration', () => {
  it('is the one that it was told where that comes within the day', async () => {
    const test = await start({ settings: { clientLifetimeSeconds: 100 } });
    const client = await registerClient(test.origin);
    const endMs = (client.client_id_issued_at as number) * 1000 + 100_000;
    const record = await test.store.getClient(client.client_id);
    expect(record).toMatchObject({ expiresAtMs: endMs });
    await signIn(test, { client });
    expect(await test.store.getClient(client.client_id)).toStrictEqual(record);
  });

  it('stays when a sign-in is refused, and moves once', async () => {
    const github = await startGithubStandIn({ id: 7, login: 'mallory' });
    onTestFinished(() => github.close());
    const test = await start({ github });
    const client = await registerClient(test.origin);
    const before = await test.store.getClient(client.client_id);
    await authorize(test, { client });
    expect(await test.store.getClient(client.client_id)).toStrictEqual(before);
    github.account = { id: 1, login: 'alice' };
    await authorize(test, { client });
    await authorize(test, { client });
    expect(test.store.calls.filter((call) => call === 'swapClient')).toHaveLength(1);
  });

  it('that older versions wrote is left alone', async () => {
    const test = await start();
    const client = await registerClient(test.origin);
    const older = {
      ...((await test.store.getClient(client.client_id)) as ClientRecord),
      expiresAtMs: test.clock.now() + 5 * DAY_MS,
    };
    delete older.onFirstSignIn;
    await test.store.putClient(older);
    const flow = await authorize(test, { client });
    expect((await postToken(test, codeForm(flow))).status).toBe(200);
    expect(await test.store.getClient(client.client_id)).toStrictEqual(older);
  });
});

describe('registrations that wait for a sign-in', () => {
  it('are bounded in number, over all replicas, whoever asks; the operator’s are not counted', async () => {
    const clock = createTestClock();
    const store = switchable(createMemoryStore({ now: clock.now }));
    const options = {
      clock,
      store,
      settings: { rateLimits: { unusedClients: { burst: 2, perSecond: 2 / 86_400 } } },
    };
    const [one, other] = [await start(options), await start(options)];
    const ask = async (test: typeof one) => {
      const { status, headers } = await postJson(`${test.origin}/register`, clientMetadata());
      return [status, Number(headers.get('retry-after') ?? 0)];
    };
    expect([await ask(one), await ask(other)]).toEqual([
      [201, 0],
      [201, 0],
    ]);
    expect(await ask(one)).toEqual([429, 43_200]);
    expect(await ask(other)).toEqual([429, 43_200]);
    await operatorRegisters(one.auth.context, clientMetadata(), true);
    let most = 0;
    for (let halfDay = 0; halfDay < 10; halfDay++) {
      clock.advance(DAY_MS / 2);
      await ask(one);
      await ask(other);
      most = Math.max(most, (await store.listClients()).filter(({ byOperator }) => !byOperator).length);
    }
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
  });
});
