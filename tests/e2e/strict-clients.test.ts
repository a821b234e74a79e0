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
import { type DevProcess, startDev } from '../helpers/mcpgw-process.ts';
import { codeFlowStrictly, discoverStrictly, registerStrictly } from '../helpers/strict-client.ts';

const insecure = { [oauth.allowInsecureRequests]: true };

let folder: string;
let dev: DevProcess;
let server: oauth.AuthorizationServer;
let resource: URL;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-strict-'));
  dev = await startDev(['--services', 'echo-stateless'], { cwd: folder });
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
    for (const endpoint of ['registration_endpoint', 'introspection_endpoint', 'revocation_endpoint'])
      expect(server[endpoint]).toMatch(/^http:\/\/localhost:\d+\/\w+$/);
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

    const answer = await oauth.refreshTokenGrantRequest(
      server,
      client,
      clientAuth,
      tokens.refresh_token ?? '',
      insecure,
    );
    const refreshed = await oauth.processRefreshTokenResponse(server, client, answer);
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
    const answer = await oauth.refreshTokenGrantRequest(
      server,
      client,
      clientAuth,
      tokens.refresh_token ?? '',
      insecure,
    );
    const refreshed = await oauth.processRefreshTokenResponse(server, client, answer);
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
