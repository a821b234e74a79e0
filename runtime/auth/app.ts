/**
 * The authorization server: OAuth 2.1 for clients, pages for people, `/verify` for the edge. Each kind has a scope of its
 * own in Fastify, so that the hot path of `/verify` runs none of the others' hooks.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Policy } from '../policy/policy.ts';
import { sendStylesheet, STYLESHEET_PATH } from './assets.ts';
import { createContext, type AuthContext, type AuthOptions } from './auth-context.ts';
import { register } from './clients/register.ts';
import {
  deleteRegistration,
  readRegistration,
  updateRegistration,
  type ById,
} from './clients/registration.ts';
import { addCors } from './cors.ts';
import { deviceAuthorization } from './device/device-authorization.ts';
import { enterUserCode, showDevicePage } from './device/verification.ts';
import { routeOf, sendError, sendErrorPage } from './error-replies.ts';
import { addForms, parseForm } from './forms.ts';
import { createProviders } from './idp/index.ts';
import { authorizationServerMetadata, METADATA_PATH } from './metadata.ts';
import { addNotFound } from './methods.ts';
import type { Metrics } from './metrics/metrics.ts';
import { PROTECTED_RESOURCE_PATH, protectedResourceMetadata } from './protected-resource.ts';
import type { IdentityProviderSettings } from './settings.ts';
import { authorize } from './sign-in/authorize.ts';
import { callback } from './sign-in/callback.ts';
import { consent } from './sign-in/consent.ts';
import { local } from './sign-in/local.ts';
import { passphrase } from './sign-in/passphrase.ts';
import { showSignOut, signOut } from './sign-in/sign-out.ts';
import { success } from './sign-in/success.ts';
import { introspect } from './tokens/introspect.ts';
import { CACHE_SECONDS, JWKS_PATH, sendJwks } from './tokens/jwks.ts';
import { revoke } from './tokens/revoke.ts';
import { token } from './tokens/token.ts';
import { createVerify, type Verify, type VerifyResult } from './verify/verify.ts';

export type { AuthOptions } from './auth-context.ts';
export type { AuthSettings } from './settings.ts';
export type { VerifyRequest, VerifyResult } from './verify/verify.ts';

export interface Auth {
  app: FastifyInstance;
  /** What the admin API shares with the endpoints. */
  context: AuthContext;
  /** The decision of `/verify/<service>`, for an edge in the same process. Never rejects. */
  verify: Verify;
  /**
   * Changes who may come in and who may use what. It holds from the next request on, for tokens that exist as well.
   *
   * @throws Error for settings that cannot work; nothing has changed then
   */
  setAccess(access: Access): void;
  /** Serves one request of a server that somebody else listens on. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
}

/** What can change while the server runs. */
export interface Access {
  identityProviders: IdentityProviderSettings[];
  policy: Policy;
}

/** No form or registration is larger, in bytes. */
const BODY_LIMIT = 64 * 1024;

/** @throws Error for settings that cannot work, in words for the operator; StoreUnavailableError */
export async function createAuth(options: AuthOptions): Promise<Auth> {
  const context = await createContext(options);
  const { verify: decide, close: stopVerifying } = createVerify(context);
  const verify = counted(decide, context.metrics);
  const app = fastify({
    // Its request log would keep query strings, and with them codes (security invariant 10). The audit log is ours.
    logger: false,
    bodyLimit: BODY_LIMIT,
    routerOptions: { ignoreTrailingSlash: true, querystringParser: parseForm },
    frameworkErrors: (error, request, reply) => {
      void sendError(context, error, request, reply);
    },
  });
  app.setErrorHandler((error, request, reply) => sendError(context, error, request, reply));
  addNotFound(app);
  addVerifyRoutes(app, context, verify);
  addHealth(app, context);
  await app.register(async (endpoints) => {
    context.callers.addTo(endpoints);
    addRequestMetrics(endpoints, context.metrics);
    await endpoints.register((scope, _options, done) => done(addDocuments(scope, context)));
    await endpoints.register((scope, _options, done) => done(addTokenEndpoints(scope, context)));
    await endpoints.register((scope) => addPages(scope, context));
  });
  await app.ready();
  return {
    app,
    context,
    verify,
    setAccess: (access) => setAccess(context, options.fetch, access),
    handle: (request, response) => app.routing(request, response),
    close: async () => {
      stopVerifying();
      context.keys.close();
      await app.close();
    },
  };
}

function setAccess(
  context: AuthContext,
  fetch: typeof globalThis.fetch = globalThis.fetch,
  { identityProviders, policy }: Access,
): void {
  const { settings } = context;
  // A provider may remember something of its site, so that only other settings make another one.
  if (JSON.stringify(identityProviders) !== JSON.stringify(settings.identityProviders)) {
    const next = { ...settings, identityProviders };
    context.providers = createProviders(next, fetch, context.now);
    context.settings = next;
  }
  context.policy.replace(policy);
  context.audit('policy_changed', { reason: 'allow-lists or policy file changed' });
}

function addRequestMetrics(scope: FastifyInstance, metrics: Metrics): void {
  scope.addHook('onResponse', (request, reply, done) => {
    metrics.request(request.method, routeOf(request), reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
}

function counted(verify: Verify, metrics: Metrics): Verify {
  return (request) => {
    const result = verify(request);
    if (!(result instanceof Promise)) {
      const seen = request.authorization !== undefined && result.status !== 404;
      metrics.verified(result.status, seen ? 'known' : 'none');
      return result;
    }
    return result.then((later) => {
      metrics.verified(later.status, 'checked');
      return later;
    });
  };
}

function addVerifyRoutes(app: FastifyInstance, context: AuthContext, verify: Verify): void {
  const send = (reply: FastifyReply, result: VerifyResult): void => {
    if (result.status !== 200) reply.code(result.status);
    reply.headers(result.headers).send('body' in result ? result.body : '');
  };
  for (const service of context.settings.topology.services) {
    // Without a promise where there is none, which is for nearly every request. A decision never rejects.
    app.get(`/verify/${service}`, (request, reply) => {
      const { authorization } = request.headers;
      const result = context.callers.run(request.raw, () => verify({ service, authorization }));
      if (result instanceof Promise) void result.then((later) => send(reply, later));
      else send(reply, result);
    });
  }
}

function addHealth(app: FastifyInstance, { store }: AuthContext): void {
  app.get('/health', async (_request, reply) => {
    await store.ping();
    return reply.header('cache-control', 'no-store').send({ status: 'ok' });
  });
}

/** What clients read before they sign in, and where they register. */
function addDocuments(scope: FastifyInstance, context: AuthContext): undefined {
  const documents = new Map<string, Record<string, unknown>>([
    [METADATA_PATH, authorizationServerMetadata(context)],
  ]);
  for (const service of context.settings.services) {
    documents.set(`${PROTECTED_RESOURCE_PATH}/${service.name}`, protectedResourceMetadata(context, service));
  }
  addCors(scope, context.settings.corsOrigins, [
    ...[...documents.keys(), JWKS_PATH].map((path) => ({ path, methods: ['GET', 'HEAD'] })),
    { path: '/register', methods: ['POST'] },
    { path: '/register/:id', methods: ['GET', 'PUT', 'DELETE'] },
  ]);
  for (const [path, document] of documents) {
    scope.get(path, (_request, reply) =>
      reply.header('cache-control', `public, max-age=${CACHE_SECONDS}`).send(document),
    );
  }
  scope.get(JWKS_PATH, (_request, reply) => sendJwks(context, reply));
  scope.post('/register', (request, reply) => register(context, request, reply));
  scope.get<ById>('/register/:id', (request, reply) => readRegistration(context, request, reply));
  scope.put<ById>('/register/:id', (request, reply) => updateRegistration(context, request, reply));
  void scope.register((contentless, _options, done) => {
    // RFC 9110 §9.3.5: "Content received in a DELETE request has no generally defined semantics", and some clients declare
    // JSON and send none.
    contentless.removeAllContentTypeParsers();
    contentless.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, parsed) => parsed(null));
    contentless.delete<ById>('/register/:id', (request, reply) =>
      deleteRegistration(context, request, reply),
    );
    done();
  });
  return undefined;
}

/** Where clients post forms; RFC 6749 §3.2, RFC 7009 §2.1 and RFC 7662 §2.1 take nothing else. */
function addTokenEndpoints(scope: FastifyInstance, context: AuthContext): undefined {
  addForms(scope, BODY_LIMIT);
  const endpoints = {
    '/token': token,
    '/revoke': revoke,
    '/introspect': introspect,
    '/device-authorization': deviceAuthorization,
  };
  const paths = Object.keys(endpoints);
  addCors(
    scope,
    context.settings.corsOrigins,
    paths.map((path) => ({ path, methods: ['POST'] })),
  );
  for (const [path, endpoint] of Object.entries(endpoints))
    scope.post(path, (request, reply) => endpoint(context, request, reply));
  return undefined;
}

/** What a person's browser visits (security invariant 15). */
async function addPages(scope: FastifyInstance, context: AuthContext): Promise<void> {
  addForms(scope, BODY_LIMIT);
  await scope.register(cookie);
  await scope.register(helmet, securityHeaders(context.settings.topology.scheme === 'https'));
  scope.setErrorHandler((error, request, reply) => sendErrorPage(context, error, request, reply));
  scope.get('/authorize', (request, reply) => authorize(context, request, reply));
  scope.post('/consent', (request, reply) => consent(context, request, reply));
  scope.post('/local', (request, reply) => local(context, request, reply));
  scope.post('/passphrase', (request, reply) => passphrase(context, request, reply));
  scope.get('/callback', (request, reply) => callback(context, request, reply));
  scope.get('/signout', (request, reply) => showSignOut(context, request, reply));
  scope.post('/signout', (request, reply) => signOut(context, request, reply));
  scope.get('/device', (request, reply) => showDevicePage(context, request, reply));
  scope.post('/device', (request, reply) => enterUserCode(context, request, reply));
  scope.get('/success', (request, reply) => success(context, request, reply));
  scope.get(STYLESHEET_PATH, (_request, reply) => sendStylesheet(context, reply));
}

function securityHeaders(https: boolean) {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'style-src': ["'self'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
        'base-uri': ["'none'"],
      },
    },
    // Of this host alone: its sub-domains, if any, are not ours to decide on.
    strictTransportSecurity: https ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    // A client on the web opens us in a pop-up and talks to it when it is back on its own page; a policy cuts that.
    crossOriginOpenerPolicy: false,
    xFrameOptions: { action: 'deny' as const },
    referrerPolicy: { policy: 'no-referrer' as const },
  };
}
