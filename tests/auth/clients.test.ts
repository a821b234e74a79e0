import { auth as modernAuth } from '@modelcontextprotocol/client';
import { auth as legacyAuth } from '@modelcontextprotocol/sdk/client/auth.js';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPerson, REDIRECT_URI } from '../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../helpers/oauth-server.ts';
import { discoverStrictly, refreshStrictly } from '../helpers/strict-client.ts';

let test: TestAuth;
beforeAll(async () => {
  test = await startTestAuth();
});
afterAll(() => test.close());

/** Goes where the client sends its person, agrees to all. @returns the redirect's URL */
async function agree(authorizationUrl: URL): Promise<URL> {
  const person = newPerson();
  const consent = await person.visit(authorizationUrl.href);
  const local = await person.press(consent, { decision: 'allow:local' });
  const end = await person.press(local, {});
  expect(end.url.startsWith(`${REDIRECT_URI}?`)).toBe(true);
  return new URL(end.url);
}

/** What both SDKs ask of an application that keeps its credentials. */
function createProvider(scope?: string) {
  const kept: {
    client?: object;
    tokens?: Record<string, unknown>;
    verifier?: string;
    url?: URL;
    discovery?: object;
  } = {};
  return {
    kept,
    redirectUrl: REDIRECT_URI,
    clientMetadata: {
      client_name: 'SDK',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      ...(scope !== undefined && { scope }),
    },
    clientInformation: () => kept.client as never,
    saveClientInformation: (client: object) => void (kept.client = client),
    tokens: () => kept.tokens as never,
    saveTokens: (tokens: object) => void (kept.tokens = { ...tokens }),
    redirectToAuthorization: (url: URL) => void (kept.url = url),
    saveCodeVerifier: (verifier: string) => void (kept.verifier = verifier),
    codeVerifier: () => kept.verifier ?? '',
    discoveryState: () => kept.discovery as never,
    saveDiscoveryState: (state: object) => void (kept.discovery = state),
  };
}

describe.each([
  ['1.x', legacyAuth],
  ['2.x', modernAuth],
])('the MCP SDK %s', (_version, authenticate) => {
  it('discovers, registers, signs in and refreshes by itself', async () => {
    const provider = createProvider();
    const serverUrl = test.resource('echo');
    expect(await authenticate(provider, { serverUrl })).toBe('REDIRECT');
    expect(provider.kept.url?.searchParams.get('resource')).toBe(serverUrl);
    const answer = await agree(provider.kept.url ?? new URL('about:blank'));
    const authorizationCode = answer.searchParams.get('code') ?? '';
    const iss = answer.searchParams.get('iss') ?? '';
    expect(await authenticate(provider, { serverUrl, authorizationCode, iss })).toBe('AUTHORIZED');
    const first = provider.kept.tokens;
    const verified = await test.auth.verify({
      service: 'echo',
      authorization: `Bearer ${String(first?.access_token)}`,
    });
    expect(verified.status).toBe(200);
    expect(await authenticate(provider, { serverUrl })).toBe('AUTHORIZED');
    expect(provider.kept.tokens?.refresh_token).not.toBe(first?.refresh_token);
    expect(provider.kept.tokens?.access_token).not.toBe(first?.access_token);
  });

  it('registers again when its registration has ended', async () => {
    const provider = createProvider();
    const discarding = Object.assign(provider, {
      invalidateCredentials: () => {
        delete provider.kept.client;
        delete provider.kept.tokens;
      },
    });
    provider.kept.client = { client_id: 'gone', redirect_uris: [REDIRECT_URI], issuer: test.origin };
    provider.kept.tokens = {
      access_token: 'x',
      token_type: 'Bearer',
      refresh_token: 'y',
      issuer: test.origin,
    };
    expect(await authenticate(discarding, { serverUrl: test.resource('echo') })).toBe('REDIRECT');
    expect(provider.kept.client).not.toMatchObject({ client_id: 'gone' });
  });
});

describe('oauth4webapi, a strict client', () => {
  it('agrees with discovery, code flow, refresh and errors', async () => {
    const options = { [oauth.allowInsecureRequests]: true };
    const resource = new URL(test.resource('fetch'));
    const server = await discoverStrictly(resource, options);
    const registration = await oauth.dynamicClientRegistrationRequest(
      server,
      { redirect_uris: [REDIRECT_URI], grant_types: ['authorization_code', 'refresh_token'] },
      options,
    );
    const client = await oauth.processDynamicClientRegistrationResponse(registration);
    const clientAuth = oauth.ClientSecretBasic(client.client_secret as string);

    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const url = new URL(server.authorization_endpoint ?? '');
    url.search = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      resource: resource.href,
    }).toString();
    const answer = oauth.validateAuthResponse(server, client, await agree(url), state);
    const grant = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      clientAuth,
      answer,
      REDIRECT_URI,
      verifier,
      options,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, grant);

    const request = new Request(resource, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    // RFC 9068 as a resource server of somebody else would check it.
    const claims = await oauth.validateJwtAccessToken(server, request, resource.href, options);
    expect(claims).toMatchObject({ client_id: client.client_id, scope: 'mcp:fetch' });

    const refreshed = await refreshStrictly({ server, client, clientAuth, options }, tokens);
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);

    const again = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      clientAuth,
      answer,
      REDIRECT_URI,
      verifier,
      options,
    );
    await expect(oauth.processAuthorizationCodeResponse(server, client, again)).rejects.toMatchObject({
      error: 'invalid_grant',
    });

    // What it knows of our keys is what anybody does.
    const keys = createRemoteJWKSet(new URL(server.jwks_uri ?? ''));
    const { payload } = await jwtVerify(refreshed.access_token, keys, {
      issuer: test.origin,
      audience: resource.href,
      typ: 'at+jwt',
      currentDate: new Date(test.clock.now()),
    });
    expect(payload.sub).toBe('local:alice');
  });
});
