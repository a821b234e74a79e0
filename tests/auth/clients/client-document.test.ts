/** Client ID metadata documents: draft-ietf-oauth-client-id-metadata-document, and MCP's authorization specification. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createClientSites, type ClientSites } from '../../helpers/client-site.ts';
import { makeSigningClient } from '../../helpers/client-keys.ts';
import {
  codeForm,
  openConsent,
  postToken,
  refreshForm,
  signIn,
  type RegisteredClient,
} from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

const ID = 'https://app.example/client.json';

const documentOf = (extra: Record<string, unknown> = {}): RegisteredClient & Record<string, unknown> => ({
  client_id: ID,
  client_name: 'Claude',
  redirect_uris: ['https://app.example/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
  ...extra,
});

let test: TestAuth;
let sites: ClientSites;
beforeAll(async () => {
  sites = createClientSites();
  test = await startTestAuth({ guardedFetch: sites.fetch });
});
afterAll(() => test.close());
beforeEach(() => {
  test.clock.advance(3 * 86_400_000);
  sites.pages.clear();
  sites.fetched.length = 0;
});

const serve = (client: RegisteredClient) => {
  sites.pages.set(client.client_id, { body: client });
  return client;
};

describe('a client that names itself by the URL of its metadata document', () => {
  it('signs in without being registered, its document fetched once', async () => {
    const { tokens, client } = await signIn(test, { client: serve(documentOf()) });
    expect((await postToken(test, refreshForm(client, tokens.refresh_token))).status).toBe(200);
    expect(sites.fetched).toEqual([{ url: ID, headers: { accept: 'application/json' } }]);
    expect(await test.store.listClients()).toEqual([]);
  });

  it('is shown by the host of its URL, and not only by the name that it claims', async () => {
    const { page } = await openConsent(test, { client: serve(documentOf()) });
    expect(page.html).toContain('<code>app.example</code>');
    const registered = await openConsent(test);
    expect(registered.page.html).not.toContain('Published by');
  });

  it.each<[string, unknown]>([
    ['names another client_id', documentOf({ client_id: 'https://app.example/client.json?' })],
    ['names no client_id', { ...documentOf(), client_id: undefined }],
    ['has a secret', documentOf({ client_secret: 'x' })],
    ['has an end of a secret', documentOf({ client_secret_expires_at: 0 })],
    ['wants a secret', documentOf({ token_endpoint_auth_method: 'client_secret_basic' })],
    ['wants a shared secret to sign with', documentOf({ token_endpoint_auth_method: 'client_secret_jwt' })],
    ['wants keys that it does not have', documentOf({ token_endpoint_auth_method: 'private_key_jwt' })],
    [
      'has keys in two places',
      documentOf({
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [makeSigningClient().publicJwk] },
        jwks_uri: 'https://app.example/jwks.json',
      }),
    ],
    [
      'has keys on a host inside',
      documentOf({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://127.0.0.1/jwks' }),
    ],
    ['has no redirect URI', documentOf({ redirect_uris: [] })],
    ['has a dangerous redirect URI', documentOf({ redirect_uris: ['javascript:alert(1)'] })],
    ['has a plain http redirect URI', documentOf({ redirect_uris: ['http://app.example/cb'] })],
    ['is a list', [documentOf()]],
    ['is no JSON', '{'],
  ])('is refused when its document %s', async (_name, body) => {
    sites.pages.set(ID, { body });
    const { page } = await openConsent(test, { client: documentOf() });
    expect(page.status).toBe(400);
    expect(page.html).not.toContain('action="/consent"');
    expect(page.html).toContain('invalid_client');
  });

  it('may prefer a method that we lack when it lists one that we have', async () => {
    const keys = { jwks: { keys: [makeSigningClient().publicJwk] } };
    for (const [extra, method] of [
      [{ token_endpoint_auth_method: undefined }, 'none'],
      [
        { token_endpoint_auth_method: 'tls_client_auth', token_endpoint_auth_methods_supported: ['none'] },
        'none',
      ],
      [
        {
          token_endpoint_auth_method: 'private_key_jwt',
          token_endpoint_auth_methods_supported: ['none'],
          ...keys,
        },
        'private_key_jwt',
      ],
      [
        { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_methods_supported: ['none'] },
        'none',
      ],
      [
        {
          token_endpoint_auth_method: 'client_secret_post',
          token_endpoint_auth_methods_supported: ['private_key_jwt', 'none'],
          ...keys,
        },
        'private_key_jwt',
      ],
    ] as const) {
      test.clock.advance(3 * 86_400_000);
      const flow = await openConsent(test, { client: serve(documentOf(extra)) });
      expect([extra, flow.page.status]).toEqual([extra, 200]);
      const answer = await postToken(test, {
        grant_type: 'refresh_token',
        refresh_token: 'x',
        client_id: ID,
      });
      expect([extra, answer.body.error]).toEqual([
        extra,
        method === 'none' ? 'invalid_grant' : 'invalid_client',
      ]);
    }
  });

  it('gets no grant that only the operator gives, and one that it did not name neither', async () => {
    const grants = ['authorization_code', 'client_credentials'];
    const { tokens } = await signIn(test, { client: serve(documentOf({ grant_types: grants })) });
    expect(tokens).not.toHaveProperty('refresh_token');
    const answer = await postToken(test, { grant_type: 'client_credentials', client_id: ID });
    expect(answer.status).toBe(400);
  });

  it('keeps its redirect URIs to the letter, but for the port of a loopback one', async () => {
    const client = serve(documentOf({ redirect_uris: ['http://127.0.0.1/callback'] }));
    for (const [redirect_uri, status] of [
      ['http://127.0.0.1:51234/callback', 200],
      ['http://127.0.0.1/callback', 200],
      ['http://127.0.0.1:51234/other', 400],
      ['http://localhost:51234/callback', 400],
      ['https://app.example/callback', 400],
    ] as const) {
      const { page } = await openConsent(test, { client, authorize: { redirect_uri } });
      expect([redirect_uri, page.status]).toEqual([redirect_uri, status]);
    }
  });

  it('is fetched before it is believed: one that is gone or away is not signed in to', async () => {
    sites.pages.set(ID, 'unreachable');
    const away = await openConsent(test, { client: documentOf() });
    expect([away.page.status, away.page.headers.get('retry-after')]).toEqual([503, '60']);
    test.clock.advance(30_000);
    sites.pages.delete(ID);
    expect((await openConsent(test, { client: documentOf() })).page.status).toBe(400);
  });

  it('stays signed in while its site is down for a day, and not when its document is gone', async () => {
    const { tokens, client } = await signIn(test, { client: serve(documentOf()) });
    sites.pages.set(ID, 'unreachable');
    test.clock.advance(3_600_000);
    const refreshed = await postToken(test, refreshForm(client, tokens.refresh_token));
    expect(refreshed.status).toBe(200);
    test.clock.advance(2 * 86_400_000);
    const form = refreshForm(client, refreshed.body.refresh_token);
    // Not `invalid_client`, of which clients forget who they are.
    expect(await postToken(test, form)).toMatchObject({ status: 503 });
    sites.pages.delete(ID);
    test.clock.advance(30_000);
    expect(await postToken(test, form)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  it('is held to what its document says now, as soon as what it said is no longer fresh', async () => {
    expect((await openConsent(test, { client: serve(documentOf()) })).page.status).toBe(200);
    serve(documentOf({ redirect_uris: ['https://app.example/moved'] }));
    test.clock.advance(600_000);
    expect((await openConsent(test, { client: documentOf() })).page.status).toBe(400);
  });

  it('loses what it was given when the operator ends it', async () => {
    const { tokens } = await signIn(test, { client: serve(documentOf()) });
    const headers = { authorization: `Bearer ${tokens.access_token}` };
    expect((await fetch(test.resource('echo'), { headers })).status).toBe(200);
    await test.store.revokeClient(ID, test.clock.now() + 1);
    test.clock.advance(2_000);
    expect((await fetch(test.resource('echo'), { headers })).status).toBe(401);
    const form = refreshForm(documentOf(), tokens.refresh_token);
    expect((await postToken(test, form)).body.error).toBe('invalid_grant');
  });

  it('is not fetched where the URL is not one', async () => {
    for (const client_id of [
      'https://127.0.0.1/c',
      'https://app.example/',
      'https://app.example:8443/c',
      `${ID}#`,
    ]) {
      const { page } = await openConsent(test, { client: documentOf(), authorize: { client_id } });
      expect([client_id, page.status]).toEqual([client_id, 400]);
      expect((await postToken(test, { grant_type: 'refresh_token', client_id })).status).toBe(401);
    }
    expect(sites.fetched).toEqual([]);
  });

  it('cannot use the code of another client', async () => {
    serve(documentOf({ client_id: 'https://other.example/client.json' }));
    const flow = await signIn(test, { client: serve(documentOf()) });
    const other = codeForm(flow, { client_id: 'https://other.example/client.json' });
    expect((await postToken(test, other)).body.error).toBe('invalid_grant');
  });
});

describe('CLIENT_DOCUMENT_DOMAINS', () => {
  it.each([
    [['app.example'], 200],
    [['other.example', 'app.example'], 200],
    [['example'], 400],
    [['xapp.example'], 400],
    [[], 400],
  ])('%j answers %i', async (clientDocumentDomains, status) => {
    const other = await startTestAuth({ settings: { clientDocumentDomains }, guardedFetch: sites.fetch });
    try {
      const { page } = await openConsent(other, { client: serve(documentOf()) });
      expect(page.status).toBe(status);
      if (status !== 200) expect(sites.fetched).toEqual([]);
      const metadata = await fetch(`${other.origin}/.well-known/oauth-authorization-server`);
      const supported = ((await metadata.json()) as Record<string, unknown>)
        .client_id_metadata_document_supported;
      expect(supported).toBe(clientDocumentDomains.length > 0 ? true : undefined);
    } finally {
      await other.close();
    }
  });
});
