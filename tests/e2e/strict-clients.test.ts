/**
 * `oauth4webapi`, a certified client that nobody here wrote, through the whole life of a sign-in against a running
 * `mcpgw dev`: it checks every answer by the RFCs and throws at what is not exact.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DevProcess, mcpgw, startDev } from '../helpers/mcpgw-process.ts';
import { newPerson, type Visit } from '../helpers/oauth-flow.ts';
import {
  codeFlowStrictly,
  discoverStrictly,
  refreshStrictly,
  registerStrictly,
} from '../helpers/strict-client.ts';

const insecure = { [oauth.allowInsecureRequests]: true };

let folder: string;
let dev: DevProcess;
let server: oauth.AuthorizationServer;
let resource: URL;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-strict-'));
  const env = { ...process.env, CLIENT_CREDENTIALS: 'true' };
  dev = await startDev(['--services', 'echo-stateless'], { cwd: folder, env });
  resource = new URL(dev.urls['echo-stateless'] ?? '');
  server = await discoverStrictly(resource, insecure);
});
afterAll(async () => {
  await dev?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const register = (metadata: Partial<oauth.Client>) => registerStrictly(server, metadata, insecure);

const codeFlow = (client: oauth.Client, clientAuth: oauth.ClientAuth) =>
  codeFlowStrictly({
    ...{ server, client, clientAuth, resource, options: insecure },
    scope: 'mcp:echo-stateless offline_access',
  });

/** What a resource server of somebody else would do with the token (RFC 9068). */
const claimsOf = (token: string) =>
  oauth.validateJwtAccessToken(
    server,
    new Request(resource, { headers: { authorization: `Bearer ${token}` } }),
    resource.href,
    insecure,
  );

describe('the metadata', () => {
  it('offers all that this file uses, and S256 alone', () => {
    expect(server).toMatchObject({
      code_challenge_methods_supported: ['S256'],
      response_types_supported: ['code'],
      authorization_response_iss_parameter_supported: true,
    });
    for (const endpoint of [
      ...['registration_endpoint', 'introspection_endpoint', 'revocation_endpoint'],
      'device_authorization_endpoint',
    ])
      expect(server[endpoint]).toMatch(/^http:\/\/localhost:\d+\/[\w-]+$/);
  });
});

describe.each<[string, (client: oauth.Client) => oauth.ClientAuth]>([
  ['none', () => oauth.None()],
  ['client_secret_basic', ({ client_secret }) => oauth.ClientSecretBasic(client_secret as string)],
  ['client_secret_post', ({ client_secret }) => oauth.ClientSecretPost(client_secret as string)],
])('a client that authenticates with %s', (method, authentication) => {
  it('signs in, refreshes, signs out', async () => {
    const client = await register({ token_endpoint_auth_method: method });
    const clientAuth = authentication(client);
    const tokens = await codeFlow(client, clientAuth);
    expect(await claimsOf(tokens.access_token)).toMatchObject({
      client_id: client.client_id,
      aud: resource.href,
    });

    const refreshed = await refreshStrictly({ server, client, clientAuth, options: insecure }, tokens);
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
    expect((await claimsOf(refreshed.access_token)).sub).toBe((await claimsOf(tokens.access_token)).sub);

    if (method !== 'none') {
      const asked = await oauth.introspectionRequest(
        server,
        client,
        clientAuth,
        refreshed.access_token,
        insecure,
      );
      expect(await oauth.processIntrospectionResponse(server, client, asked)).toMatchObject({
        active: true,
        client_id: client.client_id,
        aud: resource.href,
      });
    }
    const revoked = await oauth.revocationRequest(
      server,
      client,
      clientAuth,
      refreshed.refresh_token ?? '',
      insecure,
    );
    await oauth.processRevocationResponse(revoked);
    const late = await oauth.refreshTokenGrantRequest(
      server,
      client,
      clientAuth,
      refreshed.refresh_token ?? '',
      insecure,
    );
    await expect(oauth.processRefreshTokenResponse(server, client, late)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
    await expect
      .poll(
        async () =>
          (
            await oauth
              .protectedResourceRequest(refreshed.access_token, 'POST', resource, undefined, '{}', insecure)
              .catch(() => ({ status: 401 }))
          ).status,
        { timeout: 3_000 },
      )
      .toBe(401);
  });
});

describe('a client that authenticates with private_key_jwt (RFC 7523)', () => {
  it.each(['ES256', 'RS256'])('signs in, refreshes and asks about its token with %s', async (alg) => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const kid = `key-${alg}`;
    const client = await register({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }] },
    });
    expect(client).not.toHaveProperty('client_secret');
    const clientAuth = oauth.PrivateKeyJwt({ key: privateKey, kid });
    const tokens = await codeFlow(client, clientAuth);
    const refreshed = await refreshStrictly({ server, client, clientAuth, options: insecure }, tokens);
    const asked = await oauth.introspectionRequest(
      server,
      client,
      clientAuth,
      refreshed.access_token,
      insecure,
    );
    expect(await oauth.processIntrospectionResponse(server, client, asked)).toMatchObject({ active: true });
    // Nobody else's key, and no other way in.
    const { privateKey: other } = await generateKeyPair(alg);
    for (const wrong of [oauth.PrivateKeyJwt({ key: other, kid }), oauth.None()]) {
      const refused = await oauth.refreshTokenGrantRequest(
        server,
        client,
        wrong,
        refreshed.refresh_token ?? '',
        insecure,
      );
      await expect(oauth.processRefreshTokenResponse(server, client, refused)).rejects.toThrow();
      expect(refused.status).toBe(401);
    }
  });
});

/** Whether the service lets it in: what it says to an empty message is not 401 then. */
async function opens(token: string): Promise<boolean> {
  const answer = await oauth
    .protectedResourceRequest(token, 'POST', resource, undefined, '{}', insecure)
    .catch(() => undefined);
  return answer !== undefined && answer.status !== 401;
}

describe('a device without a browser (RFC 8628)', () => {
  const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

  async function begin() {
    const client = await register({
      client_name: 'Terminal',
      token_endpoint_auth_method: 'none',
      redirect_uris: [],
      response_types: [],
      grant_types: [DEVICE_CODE, 'refresh_token'],
    });
    const parameters = { scope: 'mcp:echo-stateless offline_access', resource: resource.href };
    const asked = await oauth.deviceAuthorizationRequest(server, client, oauth.None(), parameters, insecure);
    return { client, begun: await oauth.processDeviceAuthorizationResponse(server, client, asked) };
  }

  const poll = async (client: oauth.Client, deviceCode: string) =>
    oauth.processDeviceCodeResponse(
      server,
      client,
      await oauth.deviceCodeGrantRequest(server, client, oauth.None(), deviceCode, insecure),
    );

  it('gets tokens once its person has entered the code elsewhere, and agreed', async () => {
    const { client, begun } = await begin();
    const person = newPerson([]);
    let page: Visit = await person.visit(begun.verification_uri);
    page = await person.press(page, { user_code: begun.user_code });
    expect(page.html).toContain('Terminal');
    page = await person.press(page, { decision: 'allow:local' });
    if (!page.html.includes('Your device is connected')) page = await person.press(page, {});
    expect(page.html).toContain('Your device is connected');
    const tokens = await poll(client, begun.device_code);
    expect(await claimsOf(tokens.access_token)).toMatchObject({
      client_id: client.client_id,
      aud: resource.href,
    });
    expect(await opens(tokens.access_token)).toBe(true);
    const answer = await oauth.refreshTokenGrantRequest(
      server,
      client,
      oauth.None(),
      tokens.refresh_token ?? '',
      insecure,
    );
    await oauth.processRefreshTokenResponse(server, client, answer);
    // The code has been used.
    await expect(poll(client, begun.device_code)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('is told to wait as long as nobody has', async () => {
    const { client, begun } = await begin();
    await expect(poll(client, begun.device_code)).rejects.toMatchObject({
      error: 'authorization_pending',
    });
  });
});

describe('a script with credentials of its own (RFC 6749 §4.4)', () => {
  it('gets tokens for itself, and no refresh token, once the operator has registered it', async () => {
    const registered = await mcpgw(
      [
        ...['client', 'register', '--name', 'Nightly job', '--json'],
        ...['--grant-types', 'client_credentials', '--scope', 'mcp:echo-stateless'],
      ],
      { cwd: folder },
    );
    expect(registered.code, registered.stderr).toBe(0);
    const client = JSON.parse(registered.stdout) as oauth.Client & { client_secret: string };
    const ask = async (secret: string, parameters: Record<string, string>) =>
      oauth.processClientCredentialsResponse(
        server,
        client,
        await oauth.clientCredentialsGrantRequest(
          server,
          client,
          oauth.ClientSecretBasic(secret),
          parameters,
          insecure,
        ),
      );
    const tokens = await ask(client.client_secret, { resource: resource.href });
    expect(tokens).not.toHaveProperty('refresh_token');
    expect(await claimsOf(tokens.access_token)).toMatchObject({
      sub: `client:${client.client_id}`,
      scope: 'mcp:echo-stateless',
    });
    expect(await opens(tokens.access_token)).toBe(true);
    await expect(ask('another', {})).rejects.toThrow();
    await expect(ask(client.client_secret, { scope: 'mcp:*' })).rejects.toMatchObject({
      error: 'invalid_scope',
    });
  });
});
