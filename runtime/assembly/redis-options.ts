import { parseRedisUrl } from '../config/redis-url.ts';
import type { RedisStoreOptions } from '../store/redis.ts';
import type { AuthValues } from './auth-settings.ts';

/** From the configuration to what the Redis store is told. */
export function redisOptions(values: AuthValues): Omit<RedisStoreOptions, 'logger'> {
  const { REDIS_USERNAME, REDIS_PASSWORD, REDIS_SENTINEL_PASSWORD, REDIS_CA_B64, REDIS_WAIT_REPLICAS } =
    values;
  const isAlone = parseRedisUrl(values.REDIS_URL)?.kind === 'single';
  return {
    url: values.REDIS_URL,
    ...(REDIS_USERNAME !== undefined && { username: REDIS_USERNAME }),
    ...(REDIS_PASSWORD !== undefined && { password: REDIS_PASSWORD }),
    ...(REDIS_SENTINEL_PASSWORD !== undefined && { sentinelPassword: REDIS_SENTINEL_PASSWORD }),
    ...(REDIS_CA_B64 !== undefined && { ca: Buffer.from(REDIS_CA_B64, 'base64').toString('utf8') }),
    waitReplicas: REDIS_WAIT_REPLICAS ?? (isAlone ? 0 : 1),
  };
}
