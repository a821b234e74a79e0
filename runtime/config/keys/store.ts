/** Where the authorization server keeps what it must not forget. */
import { z } from 'zod';
import { keysOf } from '../key-meta.ts';

const key = keysOf('Store');

export const storeKeys = {
  REDIS_URL: key(
    z
      .string()
      .regex(
        /^rediss?:\/\/[^@\s]+$/,
        'must be redis:// or rediss://, without a password (that is REDIS_PASSWORD)',
      )
      .default('redis://redis:6379/0'),
    {
      title: 'Redis URL',
      description:
        'Where the authorization server keeps clients and tokens. The default is the Redis in the stack.',
      example: 'redis://redis:6379/0',
    },
  ),
};
