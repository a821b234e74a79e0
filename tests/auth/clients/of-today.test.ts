/**
 * The clients that people use, as they register or describe themselves and as they ask (`tests/fixtures/clients`, from
 * their documents and trackers): each of them gets through the whole flow, from the 401 to a refreshed token.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClientSites, type ClientSites } from '../../helpers/client-site.ts';
import { assertionForm, makeSigningClient, signAssertion } from '../../helpers/client-keys.ts';
import {
  codeForm,
  makePkce,
  openConsent,
  postJson,
  postToken,
  refreshForm,
  unescapeHtml,
  type RegisteredClient,
} from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

interface Fixture {
  name: string;
  /** How it writes the resource: the MCP URL exactly, or with a slash behind it. */
  resource: 'exact' | 'slash';
  authorize: { redirect_uri: string; scope?: string }[];
  document?: RegisteredClient;
  registration?: Record<string, unknown>;
}

const FOLDER = new URL('../../fixtures/clients/', import.meta.url);
const fixtures = readdirSync(FOLDER).map(
  (file) => [file, JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Fixture] as const,
);
const keys = makeSigningClient('RS256');

let test: TestAuth;
let sites: ClientSites;
beforeAll(async () => {
  sites = createClientSites({ 'https://chatgpt.com/oauth/jwks.json': { keys: [keys.publicJwk] } });
  test = await startTestAuth({ guardedFetch: sites.fetch });
});
afterAll(() => test.close());

const json = async (url: string) => (await (await fetch(url)).json()) as Record<string, unknown>;

/** From the challenge to the authorization server, as clients find it. */
async function discover(): Promise<Record<string, unknown>> {
  const challenge = (await fetch(test.resource('echo'), { method: 'POST' })).headers.get('www-authenticate');
  const prm = await json(/resource_metadata="([^"]+)"/.exec(challenge ?? '')?.[1] ?? '');
  const [issuer] = prm.authorization_servers as string[];
  return json(`${issuer}/.well-known/oauth-authorization-server`);
}

async function identify({ document, registration }: Fixture): Promise<RegisteredClient> {
  const metadata = await discover();
  if (document !== undefined) {
    // Claude looks for both before it names itself by a URL.
    expect(metadata.client_id_metadata_document_supported).toBe(true);
    expect(metadata.token_endpoint_auth_methods_supported).toContain('none');
    sites.pages.set(document.client_id, { body: document });
    return document;
  }
  const response = await postJson(String(metadata.registration_endpoint), registration);
  expect(response.status).toBe(201);
  const client = (await response.json()) as RegisteredClient;
  expect(client.redirect_uris).toEqual(registration?.redirect_uris);
  expect(client.application_type).toEqual(registration?.application_type);
  return client;
}

/** As the client authenticates at the token endpoint. */
async function credentials(client: RegisteredClient): Promise<Record<string, string | undefined>> {
  if (client.token_endpoint_auth_method !== 'private_key_jwt') return {};
  const audience = `${test.origin}/token`;
  return assertionForm(await signAssertion(keys, client.client_id, audience, test.clock.now()));
}

describe.each(fixtures)('%s', (_file, fixture) => {
  it.each(fixture.authorize)('signs in with %j', async ({ redirect_uri, scope }) => {
    const client = await identify(fixture);
    const pkce = makePkce();
    const resource = test.resource('echo') + (fixture.resource === 'slash' ? '/' : '');
    const authorize = { redirect_uri, resource, ...(scope !== undefined && { scope }) };
    const begun = await openConsent(test, { client, pkce, authorize });
    expect([begun.page.status, begun.page.html]).toEqual([200, expect.stringContaining(fixture.name)]);
    if (fixture.document !== undefined)
      expect(unescapeHtml(begun.page.html)).toContain(`<code>${new URL(client.client_id).host}</code>`);
    const local = await begun.person.press(begun.page, { decision: 'allow:local' });
    const end = await begun.person.press(local, {});
    expect(end.url.startsWith(`${redirect_uri}?`)).toBe(true);
    const answer = new URL(end.url).searchParams;
    expect(answer.get('iss')).toBe(test.origin);

    const issued = await postToken(test, {
      ...codeForm({ ...begun, end, answer }, { resource }),
      ...(await credentials(client)),
    });
    expect(issued).toMatchObject({ status: 200, body: { token_type: 'Bearer' } });
    expect(issued.body.scope.split(' ')).toContain('mcp:echo');
    const headers = { authorization: `Bearer ${issued.body.access_token}` };
    const verified = (await (await fetch(test.resource('echo'), { headers })).json()) as Record<
      string,
      string
    >;
    expect(verified['x-client-id'] ?? verified['X-Client-Id']).toBe(client.client_id);
    expect((await fetch(test.resource('fetch'), { headers })).status).toBe(401);

    const refreshed = await postToken(test, {
      ...refreshForm(client, issued.body.refresh_token),
      ...(await credentials(client)),
    });
    expect(refreshed.status).toBe(200);
    expect(refreshed.body.refresh_token).not.toBe(issued.body.refresh_token);
  });
});
