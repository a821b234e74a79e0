import type { KeyObject } from 'node:crypto';
import type { Logger } from '../config/log.ts';
import { issuer } from '../config/topology.ts';
import type { Policy } from '../policy/policy.ts';
import { createGuardedFetch, type GuardedFetch } from '../net/guarded-fetch.ts';
import type { Store } from '../store/store.ts';
import { createAudit, type Audit } from './audit/audit.ts';
import { createCallers, type Callers } from './caller.ts';
import { createBrowsers, type Browsers } from './sign-in/browser.ts';
import { createSessions, type Sessions } from './sign-in/sessions.ts';
import { createDocuments, type Documents } from './clients/documents.ts';
import { createProviders, type Providers } from './idp/index.ts';
import { loadKeySet, type KeySet } from './tokens/keys.ts';
import { createEventSink } from './audit/event-sink.ts';
import { createLimiter, type Limiter } from './limits/limiter.ts';
import { createLivePolicy, type LivePolicy } from './policy.ts';
import { createSharedBuckets } from './limits/shared-buckets.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { createPages, type Pages } from './pages/render.ts';
import { createResources, type Resources } from './resource.ts';
import { createSealer, type Sealer } from './sealing.ts';
import { secretKey } from './secret-key.ts';
import type { AuthSettings } from './settings.ts';

/** What every endpoint works with. Made once; nothing in it is a global. */
export interface AuthContext {
  settings: AuthSettings;
  issuer: string;
  store: Store;
  keys: KeySet;
  sealer: Sealer;
  refreshKey: KeyObject;
  resources: Resources;
  /** Another one after `Auth.setAccess`. */
  providers: Providers;
  /** Who may use which service and tool. */
  policy: LivePolicy;
  browsers: Browsers;
  sessions: Sessions;
  limiter: Limiter;
  /** What clients have on their own sites. */
  documents: Documents;
  pages: Pages;
  audit: Audit;
  callers: Callers;
  metrics: Metrics;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

export interface AuthOptions {
  settings: AuthSettings;
  store: Store;
  logger: Logger;
  /** Clock, milliseconds since the epoch. */
  now?: () => number;
  /** For the calls to identity providers. */
  fetch?: typeof fetch;
  /** Without it everybody who may sign in may use everything. */
  policy?: Policy;
  /** For what clients name: metadata documents and key sets. */
  guardedFetch?: GuardedFetch;
}

/** @throws Error for settings that cannot work, in words for the operator; StoreUnavailableError */
export async function createContext(options: AuthOptions): Promise<AuthContext> {
  const { settings, logger, now = Date.now, fetch = globalThis.fetch } = options;
  const metrics = createMetrics();
  const store = metrics.watch(options.store);
  const callers = createCallers(settings.trustedProxies);
  const audit = createAudit({
    ...{ logger, caller: callers.current, keep: createEventSink(store), count: metrics.event, now },
  });
  const sealer = createSealer(secretKey(settings.rootSecret, 'at-rest'));
  const secure = settings.topology.scheme === 'https';
  const context: AuthContext = {
    settings,
    issuer: issuer(settings.topology),
    store,
    keys: await loadKeySet({
      store,
      sealer,
      seedPrivateKeyPem: settings.seedPrivateKeyPem,
      tokenLifetimeMs: settings.accessTokenLifetimeSeconds * 1000,
      rotateAfterMs: (settings.keyRotationDays ?? 0) * 86_400_000,
      changed: (event, change) => audit(event, change),
      now,
    }),
    sealer,
    refreshKey: secretKey(settings.rootSecret, 'refresh-token'),
    resources: createResources(settings.topology),
    providers: createProviders(settings, fetch, now),
    policy: createLivePolicy(options.policy),
    browsers: createBrowsers(secure, secretKey(settings.rootSecret, 'csrf')),
    sessions: createSessions({
      ...{ store, secure, now },
      admits: (user) => context.providers.admits(user),
      timeoutSeconds: settings.sessionTimeoutSeconds,
    }),
    limiter: createLimiter({
      limits: settings.rateLimits ?? {},
      factor: settings.rateLimitFactor ?? 1,
      buckets: createSharedBuckets(store, now),
      audit,
      caller: callers.current,
      now,
    }),
    documents: createDocuments({
      ...{ store, fetch: options.guardedFetch ?? createGuardedFetch(), now },
      admit: () => context.limiter.admit('documents'),
    }),
    pages: createPages(new URL(issuer(settings.topology)).host),
    audit,
    callers,
    metrics,
    logger,
    now,
  };
  metrics.read('mcpgw_auth_rate_limited_total', 'Requests that a limit refused.', 'counter', () =>
    [...context.limiter.refused].map(([limit, count]) => [{ limit }, count]),
  );
  return context;
}
