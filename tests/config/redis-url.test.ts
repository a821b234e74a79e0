import { describe, expect, it } from 'vitest';
import { parseRedisUrl } from '../../runtime/config/redis-url.ts';

describe('a Redis URL', () => {
  it.each([
    ['redis://redis:6379/0', { kind: 'single', tls: false, address: { host: 'redis', port: 6379 }, db: 0 }],
    ['rediss://r.example', { kind: 'single', tls: true, address: { host: 'r.example', port: 6379 }, db: 0 }],
    ['redis://[::1]:7000/3', { kind: 'single', tls: false, address: { host: '::1', port: 7000 }, db: 3 }],
    [
      'rediss+sentinel://a,b:26380/main/2',
      {
        kind: 'sentinel',
        tls: true,
        sentinels: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 26380 },
        ],
        name: 'main',
        db: 2,
      },
    ],
    [
      'redis+cluster://a:7000,b:7001/',
      {
        kind: 'cluster',
        tls: false,
        nodes: [
          { host: 'a', port: 7000 },
          { host: 'b', port: 7001 },
        ],
      },
    ],
  ])('%s', (url, target) => {
    expect(parseRedisUrl(url)).toStrictEqual(target);
  });

  it.each([
    '',
    'http://redis:6379',
    'redis://',
    'redis://a,b',
    'redis://user:secret@a',
    'redis://a:0',
    'redis://a:65536',
    'redis://a/x',
    'redis://a/0/1',
    'redis://a?password=x',
    'redis+sentinel://a:26379',
    'redis+cluster://a/0',
    'redis+cluster://a,,b',
    'redis+other://a',
  ])('refuses %j', (url) => {
    expect(parseRedisUrl(url)).toBeUndefined();
  });
});
