import { describe, expect, it } from 'vitest';
import { clientUrlProblem } from '../../../runtime/auth/clients/client-url.ts';

describe('a URL that a client names', () => {
  it.each([
    'https://claude.ai/oauth/mcp-oauth-client-metadata',
    'https://chatgpt.com/oauth/kDmjx77UnKOM/client.json',
    'https://app.example/c?v=1',
  ])('may be %s', (url) => expect(clientUrlProblem(url)).toBeUndefined());

  it.each([
    'http://app.example/c',
    'HTTPS://app.example/c',
    'https://App.example/c',
    'https://app.example',
    'https://app.example/',
    'https://app.example/a/../c',
    'https://app.example/./c',
    'https://app.example/%2e%2e/c',
    'https://app.example/c#',
    'https://app.example/c#x',
    'https://user@app.example/c',
    'https://:p@app.example/c',
    'https://@app.example/c',
    'https://app.example:8443/c',
    'https://app.example:443/c',
    'https://127.0.0.1/c',
    'https://0x7f000001/c',
    'https://[::1]/c',
    'https://app.example\\@evil.example/c',
    'https://app.example/c c',
    ' https://app.example/c',
    `https://app.example/${'a'.repeat(512)}`,
    'https://',
    'https:///c',
    'app.example/c',
  ])('may not be %s', (url) => expect(clientUrlProblem(url)).toBeTypeOf('string'));
});
