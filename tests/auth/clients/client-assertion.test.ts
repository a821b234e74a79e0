/** `private_key_jwt`, RFC 7523: security invariant 8. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createClientSites } from '../../helpers/client-site.ts';
import {
  assertionForm,
  makeSigningClient,
  signAssertion,
  type AssertionOptions,
  type SigningClient,
} from '../../helpers/client-keys.ts';
import {
  authorize,
  codeForm,
  postForm,
  postToken,
  refreshForm,
  registerClient,
  type RegisteredClient,
} from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

const JWKS_URI = 'https://app.example/jwks.json';
const keys = makeSigningClient();
const rsa = makeSigningClient('RS256');
const sites = createClientSites();
const NO_REDIRECT = { redirect_uris: [], response_types: [] };

let test: TestAuth;
beforeAll(async () => {
  test = await startTestAuth({ guardedFetch: sites.fetch });
});
afterAll(() => test.close());

const registerWith = (extra: Record<string, unknown>) =>
  registerClient(test.origin, { token_endpoint_auth_method: 'private_key_jwt', ...extra });

const sign = (client: RegisteredClient, options: AssertionOptions & { by?: SigningClient } = {}) =>
  signAssertion(options.by ?? keys, client.client_id, test.origin, test.clock.now(), options);

/** @returns the answer to a token request that is right but for what authenticates */
async function use(client: RegisteredClient, form: Record<string, string | undefined>, headers = {}) {
  const flow = await authorize(test, { client });
  return postToken(test, codeForm(flow, { client_id: undefined, ...form }), headers);
}

const useAssertion = async (
  client: RegisteredClient,
  options: AssertionOptions & { by?: SigningClient } = {},
) => use(client, assertionForm(await sign(client, options)));

describe('private_key_jwt', () => {
  let client: RegisteredClient;
  beforeEach(async () => {
    client = await registerWith({ jwks: { keys: [keys.publicJwk, rsa.publicJwk] } });
  });

  it('authenticates with ES256 and RS256, at /token for every grant, with the issuer or the endpoint as aud', async () => {
    expect(client).not.toHaveProperty('client_secret');
    const { status, body } = await useAssertion(client, { claims: { aud: `${test.origin}/token` } });
    expect(status).toBe(200);
    const form = refreshForm(client, body.refresh_token, {
      ...assertionForm(
        await sign(client, { by: rsa, claims: { aud: [test.origin, `${test.origin}/token`] } }),
      ),
    });
    expect((await postToken(test, form)).status).toBe(200);
  });

  it('authenticates at the other endpoints in the same way', async () => {
    const { body } = await useAssertion(client);
    for (const path of ['/introspect', '/revoke']) {
      const post = async (form: Record<string, string>) =>
        fetch(test.origin + path, {
          method: 'POST',
          body: new URLSearchParams({ token: body.access_token, ...form }),
        });
      expect((await post({ client_id: client.client_id })).status).toBe(401);
      expect((await post(assertionForm(await sign(client)))).status).toBe(200);
    }
  });

  it('authenticates a device at both of its endpoints', async () => {
    const grant = 'urn:ietf:params:oauth:grant-type:device_code';
    const device = await registerWith({
      jwks: { keys: [keys.publicJwk] },
      grant_types: [grant],
      ...NO_REDIRECT,
    });
    const url = `${test.origin}/device-authorization`;
    const refused = await postForm(url, { client_id: device.client_id });
    expect([refused.status, refused.body.error]).toEqual([401, 'invalid_client']);
    const stranger = { ...makeSigningClient(), kid: keys.kid };
    const forged = await postForm(url, assertionForm(await sign(device, { by: stranger })));
    expect([forged.status, forged.body.error]).toEqual([401, 'invalid_client']);
    const claims = { aud: `${test.origin}/token` };
    const begun = await postForm(url, {
      scope: 'mcp:echo',
      ...assertionForm(await sign(device, { claims })),
    });
    expect(begun.status).toBe(200);
    const { device_code } = JSON.parse(begun.text) as { device_code: string };
    const poll = { grant_type: grant, device_code };
    expect((await postToken(test, { ...poll, client_id: device.client_id })).status).toBe(401);
    const asked = await postToken(test, { ...poll, ...assertionForm(await sign(device)) });
    expect(asked.body.error).toBe('authorization_pending');
  });

  it('is required where it is registered', async () => {
    for (const form of [
      { client_id: client.client_id },
      { client_id: client.client_id, client_secret: 'x' },
      { ...assertionForm(await sign(client)), client_assertion_type: undefined },
      { ...assertionForm(await sign(client)), client_assertion_type: 'urn:example' },
      { client_id: client.client_id, client_assertion_type: assertionForm('').client_assertion_type },
    ]) {
      expect(await use(client, form)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    }
  });

  it('is refused from who did not register it', async () => {
    const other = await registerClient(test.origin);
    const assertion = await signAssertion(keys, other.client_id, test.origin, test.clock.now());
    expect(await use(other, assertionForm(assertion))).toMatchObject({ status: 401 });
    const { client_secret } = await registerClient(test.origin, {
      token_endpoint_auth_method: 'client_secret_post',
    });
    // RFC 6749 §2.3: one method in each request.
    const both = { ...assertionForm(await sign(client)), client_secret };
    expect(await use(client, both)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    const headers = { authorization: `Basic ${btoa('a:b')}` };
    expect(await use(client, assertionForm(await sign(client)), headers)).toMatchObject({ status: 400 });
  });

  it('works once for each jti, of each client', async () => {
    const options = { claims: { jti: 'the same' } };
    const other = await registerWith({ jwks: { keys: [keys.publicJwk] } });
    expect((await useAssertion(client, options)).status).toBe(200);
    expect((await useAssertion(other, options)).status).toBe(200);
    expect(await useAssertion(client, options)).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    const assertion = assertionForm(await sign(client));
    const attempts = await Promise.all([1, 2, 3, 4].map(() => use(client, assertion)));
    expect(attempts.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
  });

  const seconds = () => Math.floor(test.clock.now() / 1000);

  it.each<[string, () => Record<string, unknown>]>([
    ['another iss', () => ({ iss: 'another' })],
    ['no iss', () => ({ iss: undefined })],
    ['no sub', () => ({ sub: undefined })],
    ['no aud', () => ({ aud: undefined })],
    ['another aud', () => ({ aud: 'https://other.example' })],
    ['an aud of others too', () => ({ aud: [test.origin, 'https://other.example'] })],
    ['an aud that only begins like ours', () => ({ aud: `${test.origin}.evil.example` })],
    ['no exp', () => ({ exp: undefined })],
    ['an exp that is past', () => ({ exp: seconds() - 61 })],
    ['an exp that is far off', () => ({ exp: seconds() + 3_661 })],
    ['an nbf that is to come', () => ({ nbf: seconds() + 61 })],
    ['an iat that is to come', () => ({ iat: seconds() + 61 })],
    ['no jti', () => ({ jti: undefined })],
    ['an empty jti', () => ({ jti: '' })],
    ['a jti that is a number', () => ({ jti: 1 })],
    ['a jti without end', () => ({ jti: 'a'.repeat(257) })],
  ])('refuses %s', async (_name, claims) => {
    const answer = await useAssertion(client, { claims: claims() });
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  it('bears a clock that is a minute off', async () => {
    expect((await useAssertion(client, { claims: { exp: seconds() - 59, jti: 'late' } })).status).toBe(200);
    // And remembers what it took for that minute, too.
    expect((await useAssertion(client, { claims: { exp: seconds() - 59, jti: 'late' } })).status).toBe(401);
    expect((await useAssertion(client, { claims: { iat: seconds() + 59, jti: 'early' } })).status).toBe(200);
  });

  it('refuses a signature of another key, another algorithm, none', async () => {
    const stranger = { ...makeSigningClient(), kid: keys.kid };
    expect((await useAssertion(client, { by: stranger })).status).toBe(401);
    expect((await useAssertion(client, { header: { kid: 'unknown' } })).status).toBe(401);
    const [header, payload, signature] = (await sign(client)).split('.');
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const hs256 = `${encode({ alg: 'HS256', kid: keys.kid })}.${payload}`;
    const mac = createHmac('sha256', JSON.stringify(keys.publicJwk)).update(hs256).digest('base64url');
    for (const assertion of [
      `${encode({ alg: 'none' })}.${payload}.`,
      `${encode({ alg: 'RS256', kid: keys.kid })}.${payload}.${signature}`,
      `${hs256}.${mac}`,
      `${header}.${payload}.`,
      `${header}.${encode({ ...JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()), exp: seconds() + 90 })}.${signature}`,
      'not a jwt',
      'a.b.c',
    ]) {
      expect((await use(client, assertionForm(assertion))).status).toBe(401);
    }
  });

  it('takes no assertion of one client for another', async () => {
    const other = await registerWith({ jwks: { keys: [makeSigningClient().publicJwk] } });
    const form = { ...assertionForm(await sign(client)), client_id: other.client_id };
    expect((await use(other, form)).status).toBe(401);
    const flow = await authorize(test, { client: other });
    const answer = await postToken(
      test,
      codeForm(flow, { client_id: undefined, ...assertionForm(await sign(client)) }),
    );
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('says nothing of the assertion in the log', async () => {
    const assertion = await sign(client, { claims: { aud: 'https://other.example' } });
    await use(client, assertionForm(assertion));
    const text = JSON.stringify(test.logs);
    expect(text).not.toContain(assertion.split('.')[1]);
    expect(text).not.toContain(assertion.split('.')[2]);
  });
});

describe('keys at a jwks_uri', () => {
  it('are fetched, and once more when the client has rotated, but not for every forged kid', async () => {
    sites.pages.set(JWKS_URI, {
      body: { keys: [keys.publicJwk, { kty: 'unknown' }] },
      headers: { 'cache-control': 'max-age=3600' },
    });
    const client = await registerWith({ jwks_uri: JWKS_URI });
    expect((await useAssertion(client)).status).toBe(200);
    const next = makeSigningClient();
    sites.pages.set(JWKS_URI, { body: { keys: [next.publicJwk] } });
    const before = sites.fetched.length;
    expect((await useAssertion(client, { by: next })).status).toBe(401);
    expect(sites.fetched).toHaveLength(before);
    test.clock.advance(30_000);
    expect((await useAssertion(client, { by: next })).status).toBe(200);
    for (let index = 0; index < 5; index++)
      await useAssertion(client, { header: { kid: `forged-${index}` } });
    expect(sites.fetched).toHaveLength(before + 1);
    // The key that is gone from there serves no longer.
    expect((await useAssertion(client)).status).toBe(401);
  });

  it('that cannot be fetched are not the fault of the client', async () => {
    const url = 'https://down.example/jwks.json';
    sites.pages.set(url, 'unreachable');
    const client = await registerWith({ jwks_uri: url });
    const answer = await useAssertion(client);
    expect(answer).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } });
    expect(answer.headers.get('retry-after')).toBe('60');
  });

  it('are a key set, or there are none', async () => {
    for (const [index, body] of ['{', { keys: 'x' }, { keys: [] }, []].entries()) {
      const url = `https://odd.example/${index}`;
      sites.pages.set(url, { body });
      const client = await registerWith({ jwks_uri: url });
      expect((await useAssertion(client)).status).toBe(401);
    }
  });
});
