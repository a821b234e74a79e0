import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resourceMetadataUrl } from '../../runtime/config/topology.ts';
import { authorize, codeForm, decodeJwt, postToken } from '../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../helpers/oauth-server.ts';

let test: TestAuth;
beforeAll(async () => {
  test = await startTestAuth({
    settings: {
      documents: {
        serviceDocumentation: 'https://docs.example/',
        policyUri: 'https://docs.example/policy',
        tosUri: 'https://docs.example/tos',
      },
    },
  });
});
afterAll(() => test.close());

const get = async (url: string) => {
  const response = await fetch(url);
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
};

describe('invariant 11: issuer and metadata agree everywhere', () => {
  it('the metadata names its issuer and only endpoints that exist', async () => {
    const { headers, body } = await get(`${test.origin}/.well-known/oauth-authorization-server`);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(body).toEqual({
      issuer: test.origin,
      authorization_endpoint: `${test.origin}/authorize`,
      token_endpoint: `${test.origin}/token`,
      registration_endpoint: `${test.origin}/register`,
      jwks_uri: `${test.origin}/.well-known/jwks.json`,
      scopes_supported: ['mcp:echo', 'mcp:fetch', 'mcp:*', 'offline_access'],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: [
        'authorization_code',
        'refresh_token',
        'urn:ietf:params:oauth:grant-type:device_code',
      ],
      token_endpoint_auth_methods_supported: [
        'none',
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt',
      ],
      token_endpoint_auth_signing_alg_values_supported: ['RS256', 'ES256'],
      client_id_metadata_document_supported: true,
      device_authorization_endpoint: `${test.origin}/device-authorization`,
      revocation_endpoint: `${test.origin}/revoke`,
      revocation_endpoint_auth_methods_supported: [
        'none',
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt',
      ],
      revocation_endpoint_auth_signing_alg_values_supported: ['RS256', 'ES256'],
      introspection_endpoint: `${test.origin}/introspect`,
      introspection_endpoint_auth_methods_supported: [
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt',
      ],
      introspection_endpoint_auth_signing_alg_values_supported: ['RS256', 'ES256'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      protected_resources: [test.resource('echo'), test.resource('fetch')],
      service_documentation: 'https://docs.example/',
      op_policy_uri: 'https://docs.example/policy',
      op_tos_uri: 'https://docs.example/tos',
    });
    for (const [name, value] of Object.entries(body)) {
      if (!name.endsWith('_endpoint') && name !== 'jwks_uri') continue;
      const method = name === 'authorization_endpoint' || name === 'jwks_uri' ? 'GET' : 'POST';
      expect((await fetch(value as string, { method })).status, name).not.toBe(404);
    }
  });

  it('a service’s copy names the true issuer', async () => {
    const { body } = await get(`${test.origin}/.well-known/oauth-authorization-server/echo/mcp`);
    expect(body.issuer).toBe(test.origin);
  });

  it('every service has its resource metadata where its challenge says, with its exact URL', async () => {
    for (const service of test.settings.topology.services) {
      const challenge =
        (await fetch(test.resource(service), { method: 'POST' })).headers.get('www-authenticate') ?? '';
      const url = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? '';
      expect(url).toBe(resourceMetadataUrl(test.settings.topology, service));
      const { body } = await get(url);
      expect(body).toMatchObject({
        resource: test.resource(service),
        authorization_servers: [test.origin],
        scopes_supported: [`mcp:${service}`],
        bearer_methods_supported: ['header'],
      });
    }
  });

  it('says no issuer but its own, in responses and tokens', async () => {
    const flow = await authorize(test);
    expect(flow.answer.get('iss')).toBe(test.origin);
    const { body } = await postToken(test, codeForm(flow));
    expect(decodeJwt(body.access_token).iss).toBe(test.origin);
  });

  it('in subdomain mode too', async () => {
    const other = await startTestAuth({
      settings: {
        topology: { mode: 'subdomain', scheme: 'https', domain: 'localhost', services: ['echo', 'fetch'] },
      },
    });
    try {
      const metadata = await other.auth.app.inject('/.well-known/oauth-authorization-server');
      expect(metadata.json()).toMatchObject({
        issuer: 'https://auth.localhost',
        token_endpoint: 'https://auth.localhost/token',
      });
      const resource = await other.auth.app.inject('/.well-known/oauth-protected-resource/echo');
      expect(resource.json()).toMatchObject({
        resource: 'https://echo.localhost/mcp',
        authorization_servers: ['https://auth.localhost'],
      });
      expect((await other.auth.app.inject('/.well-known/openid-configuration')).statusCode).toBe(404);
    } finally {
      await other.close();
    }
  });
});
