/** The container `auth`: the authorization server before Redis. */
import { listenForAdmin } from '../auth/admin/listen.ts';
import { listenForMetrics } from '../metrics/listen.ts';
import { createAuth } from '../auth/app.ts';
import { redisOptions } from '../assembly/redis-options.ts';
import type { IdentityProviderSettings } from '../auth/settings.ts';
import { policyFrom, watchAccess } from '../assembly/access.ts';
import { authSettings, identityProviders } from '../assembly/auth-settings.ts';
import type { Service } from '../config/catalog.ts';
import { parseEnvFile } from '../config/env-file.ts';
import { type Config, gather, knownKeys, parseConfig, topologyOf } from '../config/load.ts';
import type { ConfigValues } from '../config/schema.ts';
import { openRedisStore } from '../store/redis.ts';
import { type AccessTexts, readAccess } from './access.ts';
import { ADMIN_PORT } from './admin.ts';
import { containerCatalog } from './catalog.ts';
import { containerLogger } from './log.ts';
import { METRICS_PORT, serve } from './serve.ts';

/** No body is larger than 64 KB, so a slow one is none of a client. */
const LIMITS = { requestTimeoutMs: 30_000 };

/** @throws ConfigError, and whatever makes the store unusable at the start */
export async function serveAuth(environment: Record<string, string | undefined>): Promise<void> {
  const logger = containerLogger('auth');
  const catalog = containerCatalog(environment);
  const texts = await readAccess(environment);
  const configOf = (access: AccessTexts | undefined): Config =>
    parseConfig(gather(environment, parseEnvFile(access?.lists ?? ''), knownKeys(catalog)), catalog);
  const config = configOf(texts);
  const { values } = config;
  const store = openRedisStore({
    ...redisOptions(values),
    logger,
  });
  const services = config.services.map((name) => catalog.services.get(name) as Service);
  const settings = {
    ...authSettings(values, topologyOf(config), services, values.GATEWAY_JWT_SECRET),
    identityProviders: providersOf(values),
  };
  const policy = policyFrom(config.allowed, texts?.policy);
  // A connection that stays open would keep a process alive that could not start.
  const auth = await createAuth({ settings, policy, store, logger }).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const watch =
    texts &&
    watchAccess(
      auth,
      {
        initial: texts,
        read: async () => (await readAccess(environment)) ?? texts,
        load: (changed) => {
          const current = configOf(changed);
          const policy = policyFrom(current.allowed, changed.policy);
          return { identityProviders: providersOf(current.values), policy };
        },
      },
      logger,
    );
  const admin = await listenForAdmin(auth.context, ADMIN_PORT);
  const metrics = await listenForMetrics(auth.context.metrics, METRICS_PORT);
  serve({
    listener: (request, response) => auth.handle(request, response),
    logger,
    limits: LIMITS,
    last: async () => {
      await watch?.close();
      await admin.close();
      await metrics.close();
      await auth.close();
      await store.close();
    },
  });
}

/** The rules of the configuration take `local` only where the stack is published on a loopback address. */
function providersOf(values: ConfigValues): IdentityProviderSettings[] {
  return identityProviders(values).map((provider) =>
    provider.kind === 'local' ? { ...provider, loopbackOnly: true } : provider,
  );
}
