import { generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAuth, type Auth } from '../../runtime/auth/app.ts';
import type { AuthSettings, IdentityProviderSettings } from '../../runtime/auth/settings.ts';
import type { Logger } from '../../runtime/config/log.ts';
import { pathMatches, routeTable } from '../../runtime/config/routes.ts';
import { resourceUrl, type Topology } from '../../runtime/config/topology.ts';
import type { GuardedFetch } from '../../runtime/net/guarded-fetch.ts';
import { createMemoryStore } from '../../runtime/store/memory.ts';
import { StoreUnavailableError, type Store } from '../../runtime/store/store.ts';
import type { GithubStandIn } from './github-stand-in.ts';

export const ROOT_SECRET = 'test-root-secret-that-is-long-enough-0123456789';

/** Making one takes a tenth of a second, so all servers of a test file share it. */
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const SIGNING_KEY_PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

export const SERVICES = [
  { name: 'echo', title: 'Echo', description: 'Says what it hears.' },
  { name: 'fetch', title: 'Fetch', description: 'Reads web pages.' },
];

/** A clock that only moves when it is told to. */
export interface TestClock {
  now: () => number;
  advance(ms: number): void;
}

export interface LogLine extends Record<string, unknown> {
  level: string;
  message: string;
}

export interface TestAuth {
  auth: Auth;
  settings: AuthSettings;
  store: SwitchableStore;
  clock: TestClock;
  logs: LogLine[];
  /** The issuer, which is where it listens. */
  origin: string;
  resource(service: string): string;
  close(): Promise<void>;
}

export interface TestAuthOptions {
  settings?: Partial<AuthSettings>;
  /** Signs in with it; otherwise with `local`, as `alice`. */
  github?: GithubStandIn;
  allowedUsers?: string[];
  store?: SwitchableStore;
  clock?: TestClock;
  fetch?: typeof fetch;
  /** For client ID metadata documents and key sets; without it there are none. */
  guardedFetch?: GuardedFetch;
}

export function createTestClock(startMs = Date.now()): TestClock {
  let nowMs = startMs;
  return { now: () => nowMs, advance: (ms) => (nowMs += ms) };
}

export function createTestLog(): { logger: Logger; logs: LogLine[] } {
  const logs: LogLine[] = [];
  const write = (level: string) => (fields: object, message: string) =>
    logs.push({ ...fields, level, message });
  return {
    logs,
    logger: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
  };
}

/** A store that can be made to fail, and that counts what is asked of it. */
export interface SwitchableStore extends Store {
  down: boolean;
  calls: string[];
}

export function switchable(store: Store): SwitchableStore {
  const extra = { down: false, calls: [] as string[] };
  return new Proxy(store, {
    get: (target, property) => {
      if (property in extra) return Reflect.get(extra, property) as unknown;
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        extra.calls.push(String(property));
        if (extra.down) return Promise.reject(new StoreUnavailableError('down'));
        return Reflect.apply(value, target, args);
      };
    },
    set: (_target, property, value) => Reflect.set(extra, property, value),
  }) as SwitchableStore;
}

export function testSettings(topology: Topology, options: TestAuthOptions = {}): AuthSettings {
  return {
    topology,
    services: SERVICES,
    rootSecret: ROOT_SECRET,
    seedPrivateKeyPem: SIGNING_KEY_PEM,
    accessTokenLifetimeSeconds: 3600,
    refreshTokenLifetimeSeconds: 30 * 86_400,
    clientLifetimeSeconds: 90 * 86_400,
    sessionTimeoutSeconds: 1800,
    refreshGraceSeconds: 120,
    corsOrigins: ['*'],
    clientDocumentDomains: ['*'],
    privateUseRedirects: ['cursor://anysphere.cursor-mcp/oauth/callback'],
    identityProviders: [providerOf(options)],
    documents: {},
    ...options.settings,
  };
}

function providerOf({ github, allowedUsers = ['alice'] }: TestAuthOptions): IdentityProviderSettings {
  if (github === undefined) return { kind: 'local', userName: 'alice' };
  const { clientId, clientSecret, baseUrl, apiUrl } = github;
  return { kind: 'github', clientId, clientSecret, baseUrl, apiUrl, allowedUsers };
}

/**
 * Starts the authorization server on a free port of loopback, behind the least that could be called an edge: the route
 * table of path mode, where a service answers 200 with the identity headers that it got.
 */
export async function startTestAuth(options: TestAuthOptions = {}): Promise<TestAuth> {
  const clock = options.clock ?? createTestClock();
  const store = options.store ?? switchable(createMemoryStore({ now: clock.now }));
  const { logger, logs } = createTestLog();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const topology: Topology = {
    mode: 'path',
    scheme: 'http',
    domain: 'localhost',
    port,
    services: SERVICES.map(({ name }) => name),
  };
  const settings = testSettings(topology, options);
  const auth = await createAuth({
    settings,
    store,
    logger,
    now: clock.now,
    ...(options.fetch !== undefined && { fetch: options.fetch }),
    guardedFetch: options.guardedFetch ?? (() => Promise.reject(new Error('no fetch in this test'))),
  });
  server.on('request', (request, response) => void edge(auth, settings.topology, request, response));
  return {
    auth,
    settings,
    store,
    clock,
    logs,
    origin: `http://localhost:${port}`,
    resource: (service) => resourceUrl(settings.topology, service),
    close: async () => {
      await auth.close();
      await closeServer(server);
    },
  };
}

async function edge(
  auth: Auth,
  topology: Topology,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = '/', query] = (request.url ?? '/').split('?');
  const route = routeTable(topology).find(
    ({ paths, method }) => method === undefined && paths.some((match) => pathMatches(path, match)),
  );
  if (route === undefined) return void response.writeHead(404).end();
  if (route.access === 'token' && route.service !== undefined) {
    const result = await auth.verify({
      service: route.service,
      authorization: request.headers.authorization,
    });
    const body = 'body' in result ? result.body : result.headers;
    response
      .writeHead(result.status, { 'content-type': 'application/json', ...result.headers })
      .end(JSON.stringify(body));
    return;
  }
  const target = route.target;
  if (target.to === 'redirect')
    return void response.writeHead(302, { location: `${target.path}?${query ?? ''}` }).end();
  if (target.to === 'auth' && target.path !== undefined)
    request.url = target.path + (query === undefined ? '' : `?${query}`);
  auth.handle(request, response);
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
