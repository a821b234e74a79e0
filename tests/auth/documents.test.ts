import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAuth, type TestAuth } from '../helpers/oauth-server.ts';

let test: TestAuth;
beforeAll(async () => {
  test = await startTestAuth();
});
afterAll(() => test.close());

describe('metadata documents (RFC 8414 §3.2, RFC 9728 §3.2)', () => {
  it('are JSON objects without an empty member', async () => {
    for (const path of ['oauth-authorization-server', 'oauth-protected-resource/echo/mcp']) {
      const response = await fetch(`${test.origin}/.well-known/${path}`);
      expect([response.status, response.headers.get('content-type')]).toEqual([
        200,
        'application/json; charset=utf-8',
      ]);
      const members = Object.entries((await response.json()) as Record<string, unknown>);
      expect(members.length).toBeGreaterThan(3);
      for (const [name, value] of members) {
        expect(value, name).not.toBeNull();
        expect(value, name).not.toEqual([]);
        expect(value, name).not.toBe('');
      }
    }
  });

  it('name no unsafe choice: no plain challenge, no alg none, no token in the front channel', async () => {
    const response = await fetch(`${test.origin}/.well-known/oauth-authorization-server`);
    const metadata = (await response.json()) as Record<string, unknown>;
    expect(metadata).toMatchObject({
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
    });
    expect(JSON.stringify(metadata)).not.toMatch(/"plain"|"password"|"implicit"/);
    // RFC 8414 §2: "The value 'none' MUST NOT be used."
    for (const [name, value] of Object.entries(metadata))
      if (name.endsWith('_alg_values_supported')) expect(value, name).not.toContain('none');
  });
});
