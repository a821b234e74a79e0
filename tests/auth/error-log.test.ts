import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAuth, type TestAuth } from '../helpers/oauth-server.ts';

let test: TestAuth;
beforeAll(async () => {
  test = await startTestAuth();
});
afterAll(() => test.close());

describe('invariant 10: what a failed request leaves in the log', () => {
  it('is the name of its route, and nothing of its query or form', async () => {
    test.store.down = true;
    const secret = 'sesame'.repeat(8);
    for (const path of ['/callback', '/authorize', '/success', '/signout', '/nothing']) {
      const query = new URLSearchParams({
        code: secret,
        state: secret,
        client_id: secret,
        token: secret,
      }).toString();
      await fetch(`${test.origin}${path}?${query}`, { headers: { cookie: `mcpgw=${secret.slice(0, 43)}` } });
    }
    for (const path of ['/token', '/revoke', '/introspect', '/consent', '/local']) {
      const body = new URLSearchParams({
        client_id: secret,
        client_secret: secret,
        token: secret,
        transaction: secret,
      });
      await fetch(`${test.origin}${path}?code=${secret}`, { method: 'POST', body });
    }
    test.store.down = false;
    const written = JSON.stringify(test.logs);
    expect(test.logs.filter(({ event }) => event === 'error').length).toBeGreaterThan(4);
    expect(written).toContain('"/callback"');
    expect(written).not.toContain('sesame');
  });
});
