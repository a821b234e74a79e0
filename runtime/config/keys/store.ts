/** Where the authorization server keeps what it must not forget. */
import { z } from 'zod';
import { integer, optional, text } from '../fields.ts';
import { keysOf } from '../key-meta.ts';
import { parseRedisUrl, REDIS_URL_FORMS } from '../redis-url.ts';

const key = keysOf('Store');

export const storeKeys = {
  REDIS_URL: key(
    z
      .string()
      .refine((url) => parseRedisUrl(url) !== undefined, REDIS_URL_FORMS)
      .default('redis://redis:6379/0'),
    {
      title: 'Redis URL',
      description:
        'Where the authorization server keeps clients and tokens: redis://HOST:PORT/DB, redis+sentinel://HOST:PORT,HOST:PORT/NAME or redis+cluster://HOST:PORT,HOST:PORT; rediss… for TLS. The default is the Redis in the stack.',
      example: 'redis://redis:6379/0',
    },
  ),
  REDIS_USERNAME: key(optional(text()), {
    title: 'Redis user',
    description: 'Name of an ACL user of a Redis elsewhere. Empty: the default user.',
    example: 'mcpgw',
  }),
  REDIS_SENTINEL_PASSWORD: key(optional(text()), {
    title: 'Sentinel password',
    description: 'Of the Sentinels, where they have one.',
    example: '(32 random characters)',
    secret: true,
  }),
  REDIS_CA_B64: key(optional(z.base64('is not base64')), {
    title: 'Redis authority',
    description:
      'Certificate (PEM, base64 of the whole) of the authority that signed those of Redis. Empty: one that Node.js trusts.',
    example: 'LS0tLS1CRUdJTg==',
  }),
  REDIS_WAIT_REPLICAS: key(optional(integer(0, 16)), {
    title: 'Replicas to wait for',
    description:
      'How many replicas must have what uses up a code or a token, or revokes one, before it counts; otherwise the answer is 503. Empty: 1 with Sentinel or a Cluster, else 0.',
    example: '1',
  }),
};
