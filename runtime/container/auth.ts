/** The container `auth`: the authorization server before Redis. */
import { listenForAdmin } from '../auth/admin/listen.ts';
import { createAuth } from '../auth/app.ts';
import { authSettings } from '../assembly/auth-settings.ts';
import { redisOptions } from '../assembly/redis-options.ts';
import type { Service } from '../config/catalog.ts';
import { gather, knownKeys, parseConfig, topologyOf } from '../config/load.ts';
import { openRedisStore } from '../store/redis.ts';
import { ADMIN_PORT } from './admin.ts';
import { containerCatalog } from './catalog.ts';
import { containerLogger } from './log.ts';
import { serve } from './serve.ts';

/** @throws ConfigError, and whatever makes the store unusable at the start */
export async function serveAuth(environment: Record<string, string | undefined>): Promise<void> {
  const logger = containerLogger('auth');
  const catalog = containerCatalog(environment);
  const config = parseConfig(gather(environment, {}, knownKeys(catalog)), catalog);
  const { values } = config;
  const store = openRedisStore({
    ...redisOptions(values),
    logger,
  });
  const services = config.services.map((name) => catalog.services.get(name) as Service);
  const settings = authSettings(values, topologyOf(config), services, values.GATEWAY_JWT_SECRET);
  // The rules of the configuration take `local` only where the stack is published on a loopback address.
  const identityProviders = settings.identityProviders.map((provider) =>
    provider.kind === 'local' ? { ...provider, loopbackOnly: true } : provider,
  );
  // A connection that stays open would keep a process alive that could not start.
  const auth = await createAuth({ settings: { ...settings, identityProviders }, store, logger }).catch(
    async (error: unknown) => {
      await store.close();
      throw error;
    },
  );
  const admin = await listenForAdmin(auth.context, ADMIN_PORT);
  serve({
    listener: (request, response) => auth.handle(request, response),
    logger,
    close: async () => {
      await admin.close();
      await auth.close();
      await store.close();
    },
  });
}
