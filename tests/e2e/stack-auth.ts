/**
 * The authorization server as it is deployed: two replicas behind Traefik, one Redis. `oauth4webapi`, which checks every
 * answer by the RFCs, is the client; what one replica does the other one knows.
 */
import * as oauth from 'oauth4webapi';
import { expect, it, vi } from 'vitest';
import { docker } from '../cli/support/docker.ts';
import { signIn } from '../helpers/person.ts';
import type { Stack } from '../helpers/stack.ts';
import {
  codeFlowStrictly,
  discoverStrictly,
  REDIRECT_URI,
  refreshStrictly,
  registerStrictly,
} from '../helpers/strict-client.ts';
import { ALICE } from './stack-calls.ts';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const SERVICE = 'echo-stateless';
/** Of ten calls in turn each of the two replicas gets some. */
const CALLS = 10;

interface SignedIn {
  server: oauth.AuthorizationServer;
  client: oauth.Client;
  authentication: oauth.ClientAuth;
  tokens: oauth.TokenEndpointResponse;
  options: { [oauth.customFetch]: (url: string, init: object) => Promise<Response> };
}

/** @param running with `echo-stateless` among its services */
export function itCarriesTheAuthorizationServer(running: () => Stack): void {
  it('takes a strict client through registration, sign-in, refresh, introspection and the end of it all', async () => {
    const stack = running();
    const { server, client, authentication, tokens, options } = await signInStrictly(stack);
    expect(await statuses(stack, tokens.access_token)).toEqual([200]);
    const fresh = await refreshStrictly({ server, client, clientAuth: authentication, options }, tokens);
    const asked = await oauth.introspectionRequest(
      server,
      client,
      authentication,
      fresh.access_token,
      options,
    );
    expect(await oauth.processIntrospectionResponse(server, client, asked)).toMatchObject({ active: true });
    // RFC 7592: the client manages its own registration, and its end is the end of its tokens.
    const manage = (method: string, body?: string) =>
      stack.fetchAs(ALICE)(client.registration_client_uri as string, {
        method,
        headers: {
          authorization: `Bearer ${client.registration_access_token as string}`,
          'content-type': 'application/json',
        },
        ...(body === undefined ? {} : { body }),
      });
    expect(await (await manage('GET')).json()).toMatchObject({ client_name: 'oauth4webapi' });
    const renamed = { client_id: client.client_id, client_name: 'renamed', redirect_uris: [REDIRECT_URI] };
    expect(await (await manage('PUT', JSON.stringify(renamed))).json()).toMatchObject({
      client_name: 'renamed',
    });
    expect((await manage('DELETE')).status).toBe(204);
    await expectRefused(stack, fresh.access_token);
  });

  it('signs with a new key soon, on both replicas, and takes what the old one signed', async () => {
    const stack = running();
    const before = await signInStrictly(stack);
    const keysBefore = await keysOf(stack);
    await stack.json('keys', 'rotate', '--now');
    // "Now" leaves the other replica the moment that it takes to learn the key.
    const after = await vi.waitFor(
      async () => {
        const again = await signInStrictly(stack);
        expect(keyOf(again.tokens.access_token)).not.toBe(keyOf(before.tokens.access_token));
        return again;
      },
      { timeout: 15_000, interval: 500 },
    );
    expect(keysBefore).toContain(keyOf(before.tokens.access_token));
    for (const { access_token } of [before.tokens, after.tokens])
      expect(await statuses(stack, access_token)).toEqual([200]);
    expect(await keysOf(stack)).toEqual(
      expect.arrayContaining([keyOf(before.tokens.access_token), keyOf(after.tokens.access_token)]),
    );
  });

  it('ends every token of a person at the word of the operator, who can read what happened', async () => {
    const stack = running();
    const { tokens, client } = await signInStrictly(stack);
    expect(await statuses(stack, tokens.access_token)).toEqual([200]);
    expect((await stack.mcpgw('user', 'revoke', 'alice', '--yes')).code).toBe(0);
    await expectRefused(stack, tokens.access_token);
    const { stdout } = await stack.mcpgw('audit', '--json', '--client', client.client_id);
    expect(stdout).toMatch(/signed_in/);
    expect(stdout).toContain('github:101');
    expect(stdout).not.toContain(tokens.access_token);
  });

  it('lets a device without a browser in by a code that a person types', async () => {
    const stack = running();
    const go = stack.fetchAs(ALICE);
    const post = async (path: string, parameters: Record<string, string>) => {
      const response = await go(stack.issuer + path, {
        method: 'POST',
        body: new URLSearchParams(parameters),
      });
      return (await response.json()) as Record<string, string>;
    };
    const registration = await go(`${stack.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'a terminal',
        grant_types: [DEVICE_GRANT],
        response_types: [],
        token_endpoint_auth_method: 'none',
      }),
    });
    const { client_id = '' } = (await registration.json()) as Record<string, string>;
    const device = await post('/device-authorization', { client_id, scope: `mcp:${SERVICE}` });
    const polls = () =>
      post('/token', { grant_type: DEVICE_GRANT, client_id, device_code: device.device_code ?? '' });
    expect(await polls()).toMatchObject({ error: 'authorization_pending' });
    await visit(stack, device.verification_uri_complete ?? '');
    const answer = await vi.waitFor(
      async () => {
        const tokens = await polls();
        expect(tokens.access_token).toBeDefined();
        return tokens;
      },
      { timeout: 60_000, interval: 5_100 },
    );
    expect(await statuses(stack, answer.access_token ?? '')).toEqual([200]);
  }, 90_000);

  it('counts for Prometheus inside, in a container of its own network alone', () => {
    const stack = running();
    const scrape = `fetch('http://127.0.0.1:9464/metrics').then((r) => r.text()).then(console.log)`;
    const [container = ''] = stack.containersOf('auth');
    const { stdout } = docker(['exec', container, 'node', '-e', scrape]);
    expect(stdout).toMatch(/^mcpgw_\w+\{.*\} \d/m);
  });

  it('follows a changed allow-list within moments, for tokens that exist, without a new container', async () => {
    const stack = running();
    const { tokens } = await signInStrictly(stack);
    const containers = stack.containers();
    stack.setEnv('MCP_ECHO_STATELESS_ALLOWED_USERS', 'bob');
    await stack.json('generate');
    await expectRefused(stack, tokens.access_token, 403);
    stack.setEnv('MCP_ECHO_STATELESS_ALLOWED_USERS', '*');
    await stack.json('generate');
    await expect.poll(() => statuses(stack, tokens.access_token), { timeout: 5_000 }).toEqual([200]);
    expect(stack.containers()).toEqual(containers);
  });
}

/** A person's browser at the page for user codes, until the last page. */
async function visit(stack: Stack, url: string): Promise<void> {
  await signIn(url, 'https://nowhere.example', { fetch: stack.fetchAs(ALICE) }).catch((error: Error) => {
    // The last page leads nowhere: the person goes back to the device.
    if (!error.message.includes('no way on')) throw error;
  });
}

/** Discovery from the resource on, registration, the code flow with PKCE, `state`, `iss` and `resource`. */
async function signInStrictly(stack: Stack): Promise<SignedIn> {
  const go = stack.fetchAs(ALICE);
  const options = {
    [oauth.customFetch]: (url: string, init: object) => go(url, init),
  };
  const resource = new URL(stack.url(SERVICE));
  const server = await discoverStrictly(resource, options);
  const method = { token_endpoint_auth_method: 'client_secret_basic' };
  const client = await registerStrictly(server, method, options);
  const authentication = oauth.ClientSecretBasic(client.client_secret as string);
  const tokens = await codeFlowStrictly({
    ...{ server, client, clientAuth: authentication, resource, options, browser: go },
    scope: `mcp:${SERVICE} offline_access`,
  });
  return { server, client, authentication, tokens, options };
}

/** @returns the different statuses of some calls with the token, one after another */
async function statuses(stack: Stack, token: string): Promise<number[]> {
  const seen = new Set<number>();
  for (let call = 0; call < CALLS; call++) {
    const response = await stack.fetchAs(ALICE)(stack.url(SERVICE), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: {
          protocolVersion: '2025-11-25',
          capabilities: {},
          clientInfo: { name: 'test', version: '1' },
        },
      }),
    });
    await response.text();
    seen.add(response.status);
  }
  return [...seen].sort();
}

/** Refused by both replicas, soon. */
async function expectRefused(stack: Stack, token: string, status = 401): Promise<void> {
  await expect.poll(() => statuses(stack, token), { timeout: 5_000 }).toEqual([status]);
}

async function keysOf(stack: Stack): Promise<string[]> {
  const response = await stack.fetchAs(ALICE)(`${stack.issuer}/.well-known/jwks.json`);
  return ((await response.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
}

function keyOf(token: string): string {
  const header = Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8');
  return (JSON.parse(header) as { kid: string }).kid;
}
