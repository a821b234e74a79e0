import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isLoopbackRedirect,
  isRegisteredRedirect,
  isWebRedirect,
  redirectTarget,
  redirectUriProblem,
  withParameters,
} from '../../../runtime/auth/clients/redirect-uri.ts';

const CURSOR = 'cursor://anysphere.cursor-mcp/oauth/callback';
const accepted = (uri: string) => redirectUriProblem(uri, [CURSOR]) === undefined;

describe('invariant 4: what may register', () => {
  it.each([
    'https://claude.ai/api/mcp/auth_callback',
    'https://vscode.dev/redirect',
    'https://example.com:8443/cb?keep=1',
    'http://127.0.0.1:33418',
    'http://127.0.0.1:33418/',
    'http://localhost:1/callback',
    'http://localhost/callback',
    'http://[::1]:8080/cb',
    'com.example.app:/callback',
    'com.example.app://host/callback',
    'com.data.javascript:/callback',
    CURSOR,
  ])('accepts %s', (uri) => expect(redirectUriProblem(uri, [CURSOR])).toBeUndefined());

  it.each([
    'javascript:alert(1)',
    'JAVASCRIPT:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://example.com/x',
    'about:blank',
    'javascript.x:alert(1)',
    'JavaScript.x:/cb',
    'data.x:text/html',
    'vbscript.x:/cb',
    'file.x:/cb',
    'blob.x:/cb',
    'view-source.x:/cb',
    'about.x:/cb',
    'filesystem.x.y:/cb',
    'http://localhost.evil.example/cb',
    'http://localhost@evil.example/cb',
    'http://127.0.0.1@evil.example/cb',
    'http://127.0.0.1.evil.example/cb',
    'http://127.0.0.1:80@evil.example/',
    'http://2130706433/cb',
    'http://127.1/cb',
    'http://0x7f.0.0.1/cb',
    'http://0.0.0.0/cb',
    'http://127.0.0.2/cb',
    'http://[::ffff:127.0.0.1]/cb',
    'http://foo.localhost/cb',
    'http://example.com/cb',
    'http://localhost:99999/cb',
    'http:///localhost/cb',
    'http:localhost/cb',
    'https:///example.com/cb',
    'https:example.com/cb',
    'https://',
    'https://user:secret@example.com/cb',
    'https://user@example.com/cb',
    'https://@example.com/cb',
    'com.example.app://user@host/cb',
    'https://*.example.com/cb',
    'https://ex%61mple.com/cb',
    'https://example.com/cb#fragment',
    'https://example.com/cb#',
    'https://example.com\\@evil.example/cb',
    'https://example.com/c b',
    'https://example.com/c\nb',
    'https://example.com/c\tb',
    ' https://example.com/cb',
    'https://example.com/cb\u0000',
    'https://exämple.com/cb',
    'https://example.com/"><script>',
    'cursor://anysphere.cursor-mcp/oauth/callback/',
    'cursor://anysphere.cursor-mcp/oauth/callback?x=1',
    'CURSOR://anysphere.cursor-mcp/oauth/callback',
    'cursor://evil/oauth/callback',
    'myapp:/callback',
    'ws://localhost/cb',
    'ftp://localhost/cb',
    '/relative',
    '//example.com/cb',
    '',
    `https://example.com/${'a'.repeat(2048)}`,
  ])('refuses %j', (uri) => expect(redirectUriProblem(uri, [CURSOR])).toBeTypeOf('string'));

  it('never accepts a dangerous scheme, not even from the setting', () => {
    for (const uri of ['javascript:alert(1)', 'javascript.x:/cb', 'data:text/html,x', 'file:///x']) {
      expect(redirectUriProblem(uri, [uri])).toBeTypeOf('string');
    }
  });

  it('accepts plain http for loopback hosts only, whatever the text (property)', () => {
    fc.assert(
      fc.property(
        fc.webUrl({ validSchemes: ['http'], withQueryParameters: true }),
        fc.string(),
        (url, noise) => {
          for (const uri of [
            url,
            `http://localhost${noise}`,
            `http://127.0.0.1${noise}`,
            `http://${noise}localhost/`,
          ]) {
            if (accepted(uri)) expect(['localhost', '127.0.0.1', '[::1]']).toContain(new URL(uri).hostname);
          }
        },
      ),
    );
  });

  it('accepts nothing with a fragment, user information, control or foreign characters (property)', () => {
    const scheme = fc.constantFrom(
      'https://example.com/',
      'http://localhost/',
      'com.example.app:/',
      'javascript:',
      '',
    );
    fc.assert(
      fc.property(scheme, fc.string({ unit: 'binary', maxLength: 30 }), (start, rest) => {
        const uri = start + rest;
        if (!accepted(uri)) return;
        const url = new URL(uri);
        expect(uri).toMatch(/^[\x21-\x7e]+$/);
        expect([url.hash, url.username, url.password]).toEqual(['', '', '']);
        expect(['https:', 'http:', 'com.example.app:']).toContain(url.protocol);
      }),
      { numRuns: 500 },
    );
  });
});

describe('invariant 4: a redirect URI matches exactly, but for the port of a loopback URI', () => {
  const registered = [
    'http://127.0.0.1:3000/cb',
    'https://example.com/cb',
    'http://localhost/cb?x=1',
    CURSOR,
  ];

  it.each([
    'http://127.0.0.1:3000/cb',
    'http://127.0.0.1:41234/cb',
    'http://127.0.0.1/cb',
    'http://localhost:8080/cb?x=1',
    'https://example.com/cb',
    CURSOR,
  ])('matches %s', (uri) => expect(isRegisteredRedirect(uri, registered)).toBe(true));

  it.each([
    'http://127.0.0.1:3000/cb/',
    'http://127.0.0.1:3000/CB',
    'http://127.0.0.1:3000/cb?x=1',
    'http://127.0.0.1:3000/cb#x',
    'http://127.0.0.1:99999/cb',
    'http://127.0.0.1:3000/x/../cb',
    'http://localhost:3000/cb',
    'http://[::1]:3000/cb',
    'http://localhost/cb',
    'http://localhost:1/cb?x=1\n',
    'https://example.com:8443/cb',
    'https://example.com/cb/',
    'https://example.com.evil.example/cb',
    'https://127.0.0.1:3000/cb',
    'http://127.0.0.1:3000@evil.example/cb',
    'cursor://anysphere.cursor-mcp:80/oauth/callback',
    '',
  ])('does not match %j', (uri) => expect(isRegisteredRedirect(uri, registered)).toBe(false));

  it('matches only what differs in the port (property)', () => {
    fc.assert(
      fc.property(
        fc.webUrl({ validSchemes: ['http', 'https'] }),
        fc.webUrl({ validSchemes: ['http', 'https'] }),
        (a, b) => {
          expect(isRegisteredRedirect(a, [b])).toBe(a === b);
        },
      ),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 1, max: 65535 }), (one, other) => {
        expect(isRegisteredRedirect(`http://localhost:${one}/a`, [`http://localhost:${other}/a`])).toBe(true);
        expect(isRegisteredRedirect(`http://localhost:${one}/a`, [`http://localhost:${other}/b`])).toBe(
          false,
        );
        expect(isRegisteredRedirect(`https://localhost:${one}/a`, [`https://localhost:${other}/a`])).toBe(
          one === other,
        );
      }),
    );
  });
});

describe('redirect URIs', () => {
  it('keep their own query and spelling when parameters are added', () => {
    expect(withParameters('https://e.com/cb', { code: 'a b', state: undefined })).toBe(
      'https://e.com/cb?code=a+b',
    );
    expect(withParameters('https://e.com/cb?x=%2f', { code: 'c' })).toBe('https://e.com/cb?x=%2f&code=c');
    expect(withParameters('https://e.com/cb?', { code: 'c' })).toBe('https://e.com/cb?code=c');
    expect(withParameters('com.example.app:/cb', { code: 'c' })).toBe('com.example.app:/cb?code=c');
    expect(withParameters('http://127.0.0.1:1', { code: 'c' })).toBe('http://127.0.0.1:1?code=c');
  });

  it('carry any state unharmed (property)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (state) => {
        expect(new URL(withParameters('https://e.com/cb?a=b', { state })).searchParams.get('state')).toBe(
          state,
        );
      }),
    );
  });

  it('are on the web or on the person’s own machine', () => {
    for (const uri of ['https://claude.ai/x', 'HTTPS://claude.ai/x', 'https://localhost/cb', 'http://e.com/'])
      expect(isWebRedirect(uri)).toBe(true);
    for (const uri of ['http://127.0.0.1:1/x', 'http://localhost/cb', CURSOR, 'com.example.app:/cb'])
      expect(isWebRedirect(uri)).toBe(false);
  });

  it('are shown as the host, or the scheme where there is none', () => {
    expect(redirectTarget('https://claude.ai/x')).toBe('claude.ai');
    expect(redirectTarget('http://127.0.0.1:80/x')).toBe('127.0.0.1');
    expect(redirectTarget('http://localhost:8080/x')).toBe('localhost:8080');
    expect(redirectTarget(CURSOR)).toBe('cursor://anysphere.cursor-mcp');
    expect(redirectTarget('com.example.app:/cb')).toBe('com.example.app:');
    expect(isLoopbackRedirect('https://localhost/cb')).toBe(false);
  });
});
