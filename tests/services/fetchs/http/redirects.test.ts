import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { METHODS, nextHop, type Hop } from '../../../../runtime/services/fetchs/http/redirects.ts';

const hop = (over: Partial<Hop> = {}): Hop => ({
  url: new URL('https://a.example/dir/page'),
  method: 'GET',
  headers: {},
  ...over,
});
const post = hop({
  method: 'POST',
  headers: { 'content-type': 'text/plain', 'x-a': 'b' },
  body: 'x',
});

describe('a redirect', () => {
  it.each([
    [301, 'GET', undefined],
    [302, 'GET', undefined],
    [303, 'GET', undefined],
    [307, 'POST', 'x'],
    [308, 'POST', 'x'],
  ])('with status %i makes of a POST a %s', (status, method, body) => {
    const next = nextHop(post, status, '/next');
    expect([next?.url.href, next?.method, next?.body]).toEqual(['https://a.example/next', method, body]);
    expect(next?.headers).toEqual(body === undefined ? { 'x-a': 'b' } : post.headers);
  });

  it('with status 303 leaves HEAD as it is, and makes GET of DELETE', () => {
    expect(nextHop(hop({ method: 'HEAD' }), 303, '/')?.method).toBe('HEAD');
    expect(nextHop(hop({ method: 'DELETE' }), 303, '/')?.method).toBe('GET');
    expect(nextHop(hop({ method: 'DELETE' }), 302, '/')?.method).toBe('DELETE');
  });

  it('is none without a place to go to, or with another status', () => {
    expect(nextHop(hop(), 302, undefined)).toBeUndefined();
    for (const status of [200, 201, 300, 304, 305, 306, 400])
      expect(nextHop(hop(), status, '/')).toBeUndefined();
  });

  it('never takes a credential to another origin, nor to another scheme or port', () => {
    const secrets = { authorization: 's', cookie: 's', 'x-api-key': 's', 'x-anything': 's' };
    const location = fc.oneof(
      fc.webUrl(),
      fc.constantFrom('/x', '//b.example/', 'http://a.example/', 'https://a.example:8443/'),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...METHODS),
        fc.constantFrom(301, 302, 303, 307, 308),
        location,
        (method, status, to) => {
          const next = nextHop(hop({ method, headers: secrets }), status, to);
          const stays = next?.url.origin === 'https://a.example';
          expect(next?.headers).toEqual(stays ? secrets : {});
        },
      ),
    );
  });
});
