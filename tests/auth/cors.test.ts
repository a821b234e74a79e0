import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestAuth, type TestAuth } from '../helpers/oauth-server.ts';

let any: TestAuth;
let some: TestAuth;
beforeAll(async () => {
  any = await startTestAuth({ settings: { corsOrigins: ['*'] } });
  some = await startTestAuth({ settings: { corsOrigins: ['https://app.example'] } });
});
afterAll(async () => {
  await any.close();
  await some.close();
});

const PATHS = [
  ['GET', '/.well-known/oauth-authorization-server'],
  ['GET', '/.well-known/oauth-protected-resource/echo'],
  ['GET', '/.well-known/jwks.json'],
  ['POST', '/register'],
  ['POST', '/token'],
] as const;

describe('CORS for clients in a browser', () => {
  it.each(PATHS)('%s %s', async (method, url) => {
    const origin = 'https://app.example';
    const preflight = await any.auth.app.inject({
      method: 'OPTIONS',
      url,
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization,mcp-protocol-version,mcp-param-region',
      },
    });
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-max-age': '600',
    });
    expect(preflight.headers['access-control-allow-methods']).toContain(method);
    expect(preflight.headers['access-control-allow-headers']).toMatch(
      /Authorization.*MCP-Protocol-Version.*mcp-param-region/,
    );
    const answer = await any.auth.app.inject({ method, url, headers: { origin } });
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'WWW-Authenticate, Mcp-Session-Id, Retry-After',
    });
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  it('lets the configured origins in, and names no other', async () => {
    for (const [method, url] of PATHS) {
      const allowed = await some.auth.app.inject({ method, url, headers: { origin: 'https://app.example' } });
      expect(allowed.headers).toMatchObject({
        'access-control-allow-origin': 'https://app.example',
        vary: 'Origin',
      });
      for (const origin of ['https://evil.example', 'null', 'https://app.example.evil.example']) {
        const refused = await some.auth.app.inject({ method, url, headers: { origin } });
        expect(refused.headers).not.toHaveProperty('access-control-allow-origin');
      }
    }
  });

  it('is not there for what a person sees', async () => {
    for (const url of ['/authorize', '/callback', '/success', '/verify/echo']) {
      const answer = await any.auth.app.inject({ url, headers: { origin: 'https://app.example' } });
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    }
  });
});
