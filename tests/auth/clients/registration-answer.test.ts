import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientMetadata, postJson } from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

let test: TestAuth;
beforeAll(async () => {
  test = await startTestAuth();
});
afterAll(() => test.close());

const register = async (extra: Record<string, unknown>) => {
  const response = await postJson(`${test.origin}/register`, clientMetadata(extra));
  return { response, body: (await response.json()) as Record<string, unknown> };
};

describe('the answer to a registration (RFC 7591 §3.2.1)', () => {
  it('has all that was registered, and nothing that was not understood', async () => {
    const asked = {
      redirect_uris: ['https://app.example/cb', 'http://127.0.0.1/cb'],
      client_name: 'All of it',
      client_uri: 'https://app.example/',
      scope: 'mcp:echo',
      contacts: ['ops@app.example'],
      software_id: '4d1d7c6e-0d3c-4d53-8d6e-0c4f1e2d3b4a',
      software_version: '2.1',
    };
    const { response, body } = await register({ ...asked, invented_by_nobody: 'x', admin: true });
    expect([
      response.status,
      response.headers.get('content-type'),
      response.headers.get('cache-control'),
    ]).toEqual([201, 'application/json; charset=utf-8', 'no-store']);
    expect(body).toMatchObject({
      ...asked,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    });
    for (const member of ['invented_by_nobody', 'admin']) expect(body).not.toHaveProperty(member);
  });

  it('never lets a client choose what is ours to give', async () => {
    const { body } = await register({
      client_id: 'chosen',
      client_secret: 'chosen-by-the-client',
      client_id_issued_at: 1,
      client_secret_expires_at: 0,
      registration_access_token: 'chosen-token',
      registration_client_uri: 'https://evil.example/',
      byOperator: true,
      expiresAtMs: 0,
      token_endpoint_auth_method: 'client_secret_basic',
    });
    expect(body.client_id).not.toBe('chosen');
    expect(body.client_secret).not.toBe('chosen-by-the-client');
    expect(body.client_id_issued_at).toBeGreaterThan(1);
    expect(body.client_secret_expires_at).not.toBe(0);
    expect(JSON.stringify(body)).not.toMatch(/chosen|evil|byOperator|expiresAtMs/);
    const stored = await test.store.getClient(String(body.client_id));
    expect(JSON.stringify(stored)).not.toMatch(/chosen|evil/);
    expect(stored).not.toMatchObject({ byOperator: true });
  });
});
