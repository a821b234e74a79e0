import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestTarget } from '../../runtime/edge/request-path.ts';

describe('requestTarget', () => {
  it.each([
    ['/mcp', { path: '/mcp', query: '' }],
    ['/everything/mcp?x=1&y=%2F', { path: '/everything/mcp', query: '?x=1&y=%2F' }],
    ['/a%20b', { path: '/a%20b', query: '' }],
    ['/', { path: '/', query: '' }],
    ['http://host:1/mcp?x', { authority: 'host:1', path: '/mcp', query: '?x' }],
    ['HTTPS://host', { authority: 'host', path: '/', query: '' }],
  ])('takes %s', (url, target) => {
    expect(requestTarget(url)).toEqual(target);
  });

  it.each([
    ...[
      '/echo/../memory/mcp',
      '/./mcp',
      '/memory/mcp/..',
      '/echo/%2e%2e/memory/mcp',
      '/echo%2Fmcp',
      '/echo%5cmcp',
    ],
    ...[
      '//evil.example/mcp',
      '/echo//mcp',
      '/mcp%00',
      '/a%252fb',
      '/mcp;x%3b',
      '/a\\b',
      '/a b',
      'mcp',
      '*',
      '',
    ],
    ...['http://host/a/../b', 'http://user@host/mcp', 'ftp://host/mcp', '/a%2', '/a%zz', '/mcp\u0000'],
  ])('refuses %j', (url) => {
    expect(requestTarget(url)).toBeUndefined();
  });

  it('reads a path as the URL parser does, or refuses it', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'/.%2fe5cab?#\\:@') }), (text) => {
        const target = requestTarget(`/${text}`);
        if (target !== undefined) expect(new URL(`/${text}`, 'http://host').pathname).toBe(target.path);
      }),
      { numRuns: 5_000 },
    );
  });
});
