import { expect, it } from 'vitest';
import { freshnessMs } from '../../runtime/net/http-freshness.ts';

it.each([
  [{}, 600],
  [{ 'cache-control': 'max-age=3600' }, 3600],
  [{ 'cache-control': 'public, Max-Age="7200"' }, 7200],
  [{ 'cache-control': 'max-age=10, s-maxage=300' }, 300],
  [{ 'cache-control': 'max-age=3600', age: '600' }, 3000],
  [{ 'cache-control': 'max-age=3600', age: '9999' }, 60],
  [{ 'cache-control': 'max-age=3600', age: 'x' }, 3600],
  [{ 'cache-control': 'max-age=0' }, 60],
  [{ 'cache-control': 'no-store' }, 60],
  [{ 'cache-control': 'no-cache, max-age=3600' }, 60],
  [{ 'cache-control': 'max-age=31536000' }, 86_400],
  [{ 'cache-control': 'max-age=abc' }, 600],
] as [Record<string, string>, number][])('%j is fresh for %i seconds', (headers, seconds) => {
  expect(freshnessMs((name) => headers[name])).toBe(seconds * 1000);
});
