import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactEnvironment, redactHeaders } from '../../../runtime/services/echo/redact.ts';

const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln';

describe('redactHeaders', () => {
  // A backtracking expression took half a minute for these 14 kB; the test would then time out.
  it.each(['?token', '&code', '?a', '=?token', 'eyJ', 'eyJa.'])('takes a header of many %j', (part) => {
    redactHeaders({ 'x-a': part.repeat(Math.floor(14_000 / part.length)) });
  });

  it.each([
    ['authorization', 'Bearer abc', 'Bearer [REDACTED]'],
    ['authorization', 'Basic dXNlcjpwYXNz', 'Basic [REDACTED]'],
    ['authorization', 'abc', '[REDACTED]'],
    ['proxy-authorization', 'Bearer abc', 'Bearer [REDACTED]'],
    ['cookie', 'sid=1', '[REDACTED]'],
    ['x-mcpgw-context', 'a.b.c', '[REDACTED]'],
    ['x-api-key', 'k', '[REDACTED]'],
    ['x-forwarded-access-token', 't', '[REDACTED]'],
    ['x-forwarded-uri', '/mcp?a=1&access_token=t0k&b=2', '/mcp?a=1&access_token=[REDACTED]&b=2'],
    ['x-original', `jwt ${JWT} end`, 'jwt [REDACTED] end'],
    ['x-user-id', 'github:1', 'github:1'],
    ['x-client-id', 'c1', 'c1'],
    ['mcp-session-id', 's1', 's1'],
    ['user-agent', 'curl/8', 'curl/8'],
  ])('%s: %s', (name, value, shown) => {
    expect(redactHeaders({ [name]: value })).toEqual({ [name]: shown });
  });

  it('never shows the bearer token, wherever it stands', () => {
    const token = fc.stringMatching(/^[A-Za-z0-9]{12,40}$/);
    fc.assert(
      fc.property(token, fc.string(), fc.string(), (secret, before, after) => {
        const shown = redactHeaders({
          authorization: `Bearer ${secret}`,
          'x-copy': `${before}${secret}${after}`,
        });
        return !JSON.stringify(shown).includes(secret);
      }),
    );
  });
});

describe('redactEnvironment', () => {
  it.each([
    ['BASE_DOMAIN', 'example.com', 'example.com'],
    ['MCP_ECHO_ENABLED', 'true', 'true'],
    ['MCP_CORS_ORIGINS', 'https://a.example,https://b.example', 'https://a.example,https://b.example'],
    ['NODE_VERSION', '24.21.0', '24.21.0'],
    ['MCP_X_TOKEN', 'abc', '[REDACTED]'],
    ['MCP_X_SECRET', 'abc', '[REDACTED]'],
    ['MCP_X_PASSWORD', 'abc', '[REDACTED]'],
    ['MCP_API_KEY', 'abc', '[REDACTED]'],
    ['MCP_CREDENTIALS', 'abc', '[REDACTED]'],
    ['MCP_X_TOKEN', '', ''],
    ['MCP_UPSTREAM', 'redis://:pa/ss@redis:6379', '[REDACTED]'],
    ['MCP_UPSTREAM', 'https://x.example/?api_key=1', '[REDACTED]'],
    ['MCP_UPSTREAM', 'https://x.example/mcp', 'https://x.example/mcp'],
    ['MCP_OPAQUE', 'ghx9f8e7d6c5b4a39f8e7d6c5b4a3210', '[REDACTED]'],
    ['MCP_CERT', '-----BEGIN PRIVATE-----', '[REDACTED]'],
    ['MCP_NOTE', `x ${JWT}`, '[REDACTED]'],
  ])('%s=%s', (name, value, shown) => {
    expect(redactEnvironment({ [name]: value })).toEqual({ [name]: shown });
  });

  it('shows nothing that is not on the allow-list', () => {
    const hidden = [
      'REDIS_PASSWORD',
      'GATEWAY_JWT_SECRET',
      'JWT_PRIVATE_KEY_B64',
      'PATH',
      'HOME',
      'GITHUB_CLIENT_ID',
      'XMCP_A',
    ];
    expect(redactEnvironment(Object.fromEntries(hidden.map((name) => [name, 'x'])))).toEqual({});
  });
});
