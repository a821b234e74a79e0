/** Two replicas before one Redis share what a caller may ask for. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RateLimits } from '../../../runtime/auth/limits/rules.ts';
import { openRedisStore } from '../../../runtime/store/redis.ts';
import {
  clientMetadata,
  postJson,
  postToken,
  refreshForm,
  registerClient,
} from '../../helpers/oauth-flow.ts';
import { createTestClock, startTestAuth, switchable, type TestAuth } from '../../helpers/oauth-server.ts';
import { hasRedis, startRedis } from '../../store/redis-server.ts';

describe.skipIf(!hasRedis && process.env.MCPGW_TEST_REQUIRE !== 'all')('two replicas and a Redis', () => {
  async function replicas(rateLimits: RateLimits): Promise<[TestAuth, TestAuth]> {
    const clock = createTestClock();
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const start = async () => {
      const store = openRedisStore({ url: redis.url, now: clock.now });
      const test = await startTestAuth({ clock, store: switchable(store), settings: { rateLimits } });
      onTestFinished(async () => {
        await test.close();
        await store.close();
      });
      return test;
    };
    return [await start(), await start()];
  }

  const register = async ({ origin }: TestAuth) =>
    (await postJson(`${origin}/register`, clientMetadata())).status;
  const turns = (count: number, pair: readonly TestAuth[]) =>
    Array.from({ length: count }, (_, index) => pair[index % pair.length] as TestAuth);

  it('have one small burst together, exactly, in turns and at once', async () => {
    const pair = await replicas({ registrationsByAddress: { burst: 5, perSecond: 1 } });
    const statuses = [];
    for (const replica of turns(8, pair)) statuses.push(await register(replica));
    expect(statuses).toEqual([201, 201, 201, 201, 201, 429, 429, 429]);
    pair[0].clock.advance(3_000);
    const atOnce = await Promise.all(turns(12, pair).map(register));
    expect(atOnce.filter((status) => status === 201)).toHaveLength(3);
  });

  it('have one large burst together, but for what each lets through unasked', async () => {
    const pair = await replicas({ registrationsByAddress: { burst: 40, perSecond: 1 } });
    const statuses = await Promise.all(turns(120, pair).map(register));
    const passed = statuses.filter((status) => status === 201).length;
    expect(passed).toBeGreaterThanOrEqual(40);
    expect(passed).toBeLessThanOrEqual(40 + 40 / 8);
  });

  it('stop a guesser together', async () => {
    const pair = await replicas({ failuresByClient: { burst: 4, perSecond: 1 } });
    const client = await registerClient(pair[0].origin);
    const statuses = [];
    for (const replica of turns(8, pair))
      statuses.push((await postToken(replica, refreshForm(client, 'x'))).status);
    expect(statuses).toEqual([400, 400, 400, 400, 429, 429, 429, 429]);
  });
});
