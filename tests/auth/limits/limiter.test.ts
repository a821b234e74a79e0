/** What strangers may have stored: floods of registrations, of authorization requests, and of pressed buttons. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RateLimits } from '../../../runtime/auth/settings.ts';
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
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

async function start(rateLimits?: Partial<RateLimits>): Promise<TestAuth> {
  const test = await startTestAuth(rateLimits === undefined ? {} : { settings: { rateLimits } });
  onTestFinished(() => test.close());
  return test;
}

const stored = (test: TestAuth, method: string) => test.store.calls.filter((call) => call === method).length;

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
    expect(statuses.filter((status) => status === 201)).toHaveLength(100);
    expect(statuses.filter((status) => status === 429)).toHaveLength(200);
    expect(await test.store.listClients()).toHaveLength(100);
    test.clock.advance(1_000);
    for (const status of [201, 201, 201, 201, 201, 429])
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
});
