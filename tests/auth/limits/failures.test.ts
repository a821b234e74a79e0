/** What somebody guesses at counts where it fails, against whom the request says that it is from, and its address. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { resourceSecret } from '../../../runtime/config/resource-secret.ts';
import { deriveKey } from '../../../runtime/config/secrets.ts';
import type { RateLimits } from '../../../runtime/auth/limits/rules.ts';
import type { AuthSettings } from '../../../runtime/auth/settings.ts';
import {
  basicAuth,
  clientMetadata,
  postForm,
  postJson,
  postToken,
  refreshForm,
  registerClient,
  signIn,
} from '../../helpers/oauth-flow.ts';
import { ROOT_SECRET, startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

const TWO = { burst: 2, perSecond: 1 };

async function start(rateLimits: RateLimits, settings: Partial<AuthSettings> = {}): Promise<TestAuth> {
  const test = await startTestAuth({ settings: { rateLimits, ...settings } });
  onTestFinished(() => test.close());
  return test;
}

/** After the guess that is one too many nothing is looked at any more. */
async function guesses(test: TestAuth, guess: () => Promise<{ status: number }>, refused: number) {
  for (const status of [refused, refused, 429]) expect((await guess()).status).toBe(status);
  const before = test.store.calls.length;
  expect((await guess()).status).toBe(429);
  expect(test.store.calls.length).toBe(before);
}

describe('failures', () => {
  it('of a client that names itself in the header count against it, and it is let in again later', async () => {
    const test = await start({ failuresByClient: TWO });
    const { client_id: id, client_secret: secret = '' } = await registerClient(test.origin, {
      token_endpoint_auth_method: 'client_secret_basic',
    });
    const ask = (password: string) =>
      postForm(`${test.origin}/introspect`, { token: 'x' }, basicAuth(id, password));
    await guesses(test, () => ask('wrong'), 401);
    expect((await ask(secret)).status).toBe(429);
    test.clock.advance(2_000);
    expect((await ask(secret)).status).toBe(200);
  });

  it('of a resource server count, too', async () => {
    const test = await start({ failuresByClient: TWO });
    const ask = (service: string, password: string) =>
      postForm(`${test.origin}/introspect`, { token: 'x' }, basicAuth(service, password));
    const secretOf = (service: string) => resourceSecret(deriveKey(ROOT_SECRET, `context:${service}`));
    await guesses(test, () => ask('echo', 'wrong'), 401);
    expect((await ask('echo', secretOf('echo'))).status).toBe(429);
    expect((await ask('fetch', secretOf('fetch'))).status).toBe(200);
    test.clock.advance(2_000);
    expect((await ask('echo', secretOf('echo'))).status).toBe(200);
  });

  it('of headers that nobody can read count by address', async () => {
    const test = await start({ failuresByAddress: TWO });
    const headers = { authorization: 'Basic x' };
    await guesses(test, () => postForm(`${test.origin}/introspect`, { token: 'x' }, headers), 401);
  });

  it('with a registration access token count, and leave other clients alone', async () => {
    const test = await start({ failuresByClient: TWO });
    const [one, other] = [await registerClient(test.origin), await registerClient(test.origin)];
    const read = (id: string, token: unknown) =>
      fetch(`${test.origin}/register/${id}`, { headers: { authorization: `Bearer ${String(token)}` } });
    await guesses(test, () => read(one.client_id, 'wrong'), 401);
    expect((await read(other.client_id, other.registration_access_token)).status).toBe(200);
    const told = test.logs.filter(({ event }) => event === 'client_refused');
    expect(told.map(({ client }) => client)).toEqual(Array(3).fill(one.client_id));
  });

  it('with an initial access token count by address', async () => {
    const test = await start({ failuresByAddress: TWO }, { registrationToken: 'initial-access-token' });
    const register = (token: string) =>
      fetch(`${test.origin}/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify(clientMetadata()),
      });
    await guesses(test, () => register('wrong'), 401);
    expect((await register('initial-access-token')).status).toBe(429);
    test.clock.advance(2_000);
    expect((await register('initial-access-token')).status).toBe(201);
  });

  it('with a refresh token that is another client’s count', async () => {
    const test = await start({ failuresByClient: TWO });
    const flow = await signIn(test);
    const thief = await registerClient(test.origin);
    for (const status of [400, 400, 429])
      expect((await postToken(test, refreshForm(thief, flow.tokens.refresh_token))).status).toBe(status);
    expect((await postToken(test, refreshForm(flow.client, flow.tokens.refresh_token))).status).toBe(200);
  });
});

describe('writes', () => {
  it('of a client over its registration count like new ones', async () => {
    const test = await start({ registrationsByAddress: TWO });
    const client = await registerClient(test.origin);
    const replace = () =>
      fetch(`${test.origin}/register/${client.client_id}`, {
        method: 'PUT',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${String(client.registration_access_token)}`,
        },
        body: JSON.stringify({ ...clientMetadata(), client_id: client.client_id }),
      });
    for (const status of [200, 429]) expect((await replace()).status).toBe(status);
    expect((await postJson(`${test.origin}/register`, clientMetadata())).status).toBe(429);
  });

  it('of a device that asks in a loop are bounded for its code alone', async () => {
    const test = await start({ tokensByGrant: TWO });
    const grantType = 'urn:ietf:params:oauth:grant-type:device_code';
    const client = await registerClient(test.origin, {
      ...{ redirect_uris: [], response_types: [], grant_types: [grantType] },
    });
    const begin = async () => {
      const form = { client_id: client.client_id, scope: 'mcp:echo' };
      const { text } = await postForm(`${test.origin}/device-authorization`, form);
      return (JSON.parse(text) as { device_code: string }).device_code;
    };
    const [looping, patient] = [await begin(), await begin()];
    const poll = async (code: string) => {
      const { client_id } = client;
      const { status, body } = await postToken(test, { grant_type: grantType, device_code: code, client_id });
      return [status, body.error];
    };
    expect(await poll(looping)).toEqual([400, 'authorization_pending']);
    expect(await poll(looping)).toEqual([400, 'slow_down']);
    expect(await poll(looping)).toEqual([429, 'temporarily_unavailable']);
    expect(await poll(patient)).toEqual([400, 'authorization_pending']);
    for (let count = 0; count < 5; count++) {
      test.clock.advance(5_000);
      expect(await poll(patient)).toEqual([400, 'authorization_pending']);
    }
  });
});
