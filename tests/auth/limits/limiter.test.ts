/** What strangers may have stored: floods of registrations, of authorization requests, and of pressed buttons. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RateLimits } from '../../../runtime/auth/limits/rules.ts';
import {
  authorizeParameters,
  authorizeUrl,
  clientMetadata,
  makePkce,
  openConsent,
  postJson,
  postToken,
  refreshForm,
  registerClient,
  signIn,
} from '../../helpers/oauth-flow.ts';
import { assertionForm, makeSigningClient, signAssertion } from '../../helpers/client-keys.ts';
import { createClientSites } from '../../helpers/client-site.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

async function start(rateLimits?: RateLimits): Promise<TestAuth> {
  const test = await startTestAuth(rateLimits === undefined ? {} : { settings: { rateLimits } });
  onTestFinished(() => test.close());
  return test;
}

const stored = (test: TestAuth, method: string) => test.store.calls.filter((call) => call === method).length;

/** @returns what registers a client from an address, and says with which status */
function registersAt(test: TestAuth): (address: string) => Promise<number> {
  return async (address) => {
    const headers = { 'x-forwarded-for': address };
    const request = { method: 'POST', url: '/register', headers, payload: clientMetadata() } as const;
    return (await test.auth.app.inject(request)).statusCode;
  };
}

describe('limits on what strangers may have stored', () => {
  it('a flood of registrations stops at the burst, and goes on at the rate', async () => {
    const test = await start();
    const statuses: number[] = [];
    for (let count = 0; count < 10; count++) {
      const answers = await Promise.all(
        Array.from({ length: 30 }, () => postJson(`${test.origin}/register`, clientMetadata())),
      );
      statuses.push(...answers.map(({ status }) => status));
    }
    expect(statuses.filter((status) => status === 201)).toHaveLength(50);
    expect(statuses.filter((status) => status === 429)).toHaveLength(250);
    expect(await test.store.listClients()).toHaveLength(50);
    test.clock.advance(1_000);
    for (const status of [201, 429])
      expect((await postJson(`${test.origin}/register`, clientMetadata())).status).toBe(status);
  });

  it('says so as OAuth does, with Retry-After, which a page on the web may read', async () => {
    const test = await start({ registrations: { burst: 1, perSecond: 0.1 } });
    await registerClient(test.origin);
    const answer = await fetch(`${test.origin}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'https://app.example' },
      body: JSON.stringify(clientMetadata()),
    });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '10']);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-expose-headers')).toContain('Retry-After');
    expect(await answer.json()).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'Too many requests at once. Try again in 10 seconds.',
    });
  });

  it('what is refused anyway costs nobody else a place', async () => {
    const test = await start({ registrations: { burst: 1, perSecond: 1 } });
    for (let count = 0; count < 5; count++)
      expect((await postJson(`${test.origin}/register`, { redirect_uris: [] })).status).toBe(400);
    await registerClient(test.origin);
  });

  it('a flood of authorization requests ends on a page; who is past it is not stopped', async () => {
    const test = await start({ authorizations: { burst: 3, perSecond: 1 } });
    const flow = await signIn(test);
    const { page, person } = await openConsent(test, { client: flow.client });
    const url = authorizeUrl(test.origin, authorizeParameters(test, flow.client, makePkce()));
    expect((await fetch(url)).status).toBe(200);
    const before = stored(test, 'putRecord');
    const refused = await fetch(url);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(refused.headers.get('content-type')).toContain('text/html');
    expect(await refused.text()).toContain('Try again in 1 second.');
    expect(stored(test, 'putRecord')).toBe(before);
    const local = await person.press(page, { decision: 'allow:local' });
    expect((await person.press(local, {})).url).toContain('code=');
    expect((await postToken(test, refreshForm(flow.client, flow.tokens.refresh_token))).status).toBe(200);
    test.clock.advance(1_000);
    expect((await fetch(url)).status).toBe(200);
  });

  it('a flood from one consent page ends, too, and the page stays good', async () => {
    const test = await start({ signIns: { burst: 2, perSecond: 1 } });
    const { page, person } = await openConsent(test);
    const allow = { decision: 'allow:local' };
    for (const status of [200, 200, 429]) expect((await person.press(page, allow)).status).toBe(status);
    test.clock.advance(1_000);
    const local = await person.press(page, allow);
    expect((await person.press(local, {})).url).toContain('code=');
  });

  it('is told to the operator once a minute', async () => {
    const test = await start({ registrations: { burst: 1, perSecond: 0.001 } });
    const told = () => test.logs.filter(({ event }) => event === 'rate_limited').length;
    const flood = async () => {
      for (let count = 0; count < 5; count++) await postJson(`${test.origin}/register`, clientMetadata());
    };
    await flood();
    expect(told()).toBe(1);
    test.clock.advance(59_999);
    await flood();
    expect(told()).toBe(1);
    test.clock.advance(1);
    await flood();
    expect(told()).toBe(2);
  });

  it('one address has its share, and leaves the others theirs', async () => {
    const test = await start({
      registrationsByAddress: { burst: 2, perSecond: 1 },
      registrations: { burst: 4, perSecond: 1 },
    });
    const registerFrom = registersAt(test);
    for (const status of [201, 201, 429, 429]) expect(await registerFrom('203.0.113.1')).toBe(status);
    for (const status of [201, 201, 429]) expect(await registerFrom('2001:db8::1')).toBe(status);
    // The whole /64 is one caller; and the backstop of all holds for a new one.
    expect(await registerFrom('2001:db8::ffff:1')).toBe(429);
    expect(await registerFrom('203.0.113.2')).toBe(429);
    const told = test.logs.filter(({ event }) => event === 'rate_limited');
    expect(told.map(({ limit, address }) => [limit, address])).toEqual([
      ['registrationsByAddress', '203.0.113.1'],
      ['registrations', '203.0.113.2'],
    ]);
  });

  it('one address that registers all day does not close registration for the others', async () => {
    const test = await start();
    const registerFrom = registersAt(test);
    const count = async () => (await test.store.listClients()).length;
    for (let index = 0; index < 200; index++) await registerFrom('203.0.113.1');
    expect(await count()).toBe(50);
    // Then as slowly as the limit of a second lets it.
    for (let index = 0; index < 5_000; index++) {
      test.clock.advance(1_000);
      await registerFrom('203.0.113.1');
    }
    expect(await count()).toBeLessThanOrEqual(550);
    expect(await registerFrom('203.0.113.1')).toBe(429);
    expect(await registerFrom('203.0.113.2')).toBe(201);
  });

  it('a grant refreshes as often as a client needs, and no more; others are not touched', async () => {
    const test = await start({ tokensByGrant: { burst: 3, perSecond: 1 } });
    const [flow, other] = [await signIn(test), await signIn(test)];
    let refreshToken = flow.tokens.refresh_token;
    for (let count = 0; count < 2; count++) {
      const { body } = await postToken(test, refreshForm(flow.client, refreshToken));
      refreshToken = body.refresh_token;
    }
    const refused = await postToken(test, refreshForm(flow.client, refreshToken));
    expect([refused.status, refused.headers.get('retry-after'), refused.body]).toEqual([
      429,
      '1',
      expect.objectContaining({ error: 'temporarily_unavailable' }),
    ]);
    expect((await postToken(test, refreshForm(other.client, other.tokens.refresh_token))).status).toBe(200);
    test.clock.advance(1_000);
    expect((await postToken(test, refreshForm(flow.client, refreshToken))).status).toBe(200);
  });

  it('guesses at secrets, codes and refresh tokens stop, before the store is asked', async () => {
    const test = await start({ failuresByClient: { burst: 2, perSecond: 1 } });
    const client = await registerClient(test.origin, { token_endpoint_auth_method: 'client_secret_post' });
    const guess = () => postToken(test, { ...refreshForm(client, 'x'), client_secret: 'wrong' });
    for (const status of [401, 401, 429, 429]) expect((await guess()).status).toBe(status);
    const before = test.store.calls.length;
    expect((await guess()).status).toBe(429);
    expect(test.store.calls.length).toBe(before);
    // Another client at the same address goes on.
    const flow = await signIn(test);
    const wrong = () => postToken(test, refreshForm(flow.client, 'x'));
    for (const status of [400, 400, 429]) expect((await wrong()).status).toBe(status);
    test.clock.advance(2_000);
    expect((await postToken(test, refreshForm(flow.client, flow.tokens.refresh_token))).status).toBe(200);
  });

  it('assertions that a stranger signs for himself fill the store no faster than his address may', async () => {
    const test = await start({ assertionsByAddress: { burst: 3, perSecond: 1 } });
    const keys = makeSigningClient();
    const client = await registerClient(test.origin, {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [keys.publicJwk] },
    });
    const revoke = async () => {
      const assertion = await signAssertion(keys, client.client_id, test.origin, test.clock.now(), {});
      const body = new URLSearchParams({ token: 'x', ...assertionForm(assertion) });
      return (await fetch(`${test.origin}/revoke`, { method: 'POST', body })).status;
    };
    for (const status of [200, 200, 200]) expect(await revoke()).toBe(status);
    const before = stored(test, 'addRecord');
    expect(await revoke()).toBe(429);
    expect(stored(test, 'addRecord')).toBe(before);
    test.clock.advance(1_000);
    expect(await revoke()).toBe(200);
  });

  it('documents that one address names are fetched no faster than it may', async () => {
    const sites = createClientSites();
    const test = await startTestAuth({
      guardedFetch: sites.fetch,
      settings: {
        clientDocumentDomains: ['*'],
        rateLimits: { documentsByAddress: { burst: 3, perSecond: 1 } },
      },
    });
    onTestFinished(() => test.close());
    const statuses: number[] = [];
    for (let index = 0; index < 5; index++) {
      const query = new URLSearchParams({ client_id: `https://site-${index}.example/client.json` });
      statuses.push((await fetch(`${test.origin}/authorize?${query.toString()}`)).status);
    }
    expect(sites.fetched).toHaveLength(3);
    expect(statuses.slice(3)).toEqual([429, 429]);
  });

  it('a factor widens all limits, and 0 lifts them', async () => {
    const test = await startTestAuth({ settings: { rateLimitFactor: 0 } });
    onTestFinished(() => test.close());
    const answers = await Promise.all(
      Array.from({ length: 80 }, () => postJson(`${test.origin}/register`, clientMetadata())),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  });
});
