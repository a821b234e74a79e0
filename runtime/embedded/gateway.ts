/**
 * The whole gateway in one process: auth with a SQLite file, the edge, and the chosen services, each stdio server as a
 * child. The same parts that the generated stack runs in containers, on the same route table.
 */
import { join, resolve } from 'node:path';
import { listenForAdmin } from '../auth/admin/listen.ts';
import { type Auth, createAuth } from '../auth/app.ts';
import { ForeignKeysError } from '../auth/tokens/keys.ts';
import type { AuthSettings } from '../auth/settings.ts';
import { secretNames, type Service } from '../config/catalog.ts';
import { basicEnvironment } from '../config/child-env.ts';
import type { Logger } from '../config/log.ts';
import type { ServiceProcess } from '../config/process.ts';
import { deriveKey } from '../config/secrets.ts';
import { isLoopbackHost, issuer, resourceUrl, type Topology } from '../config/topology.ts';
import { createEdge } from '../edge/edge.ts';
import { InstallError } from '../install/launch.ts';
import { installService } from '../install/install.ts';
import { withProgramsHere } from '../install/missing.ts';
import {
  type EndpointOptions,
  nativeEndpoint,
  proxiedEndpoint,
  remoteEndpoint,
  type ServiceEndpoint,
} from '../assembly/service-endpoint.ts';
import type { Policy } from '../policy/policy.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { authSettings, type AuthValues } from '../assembly/auth-settings.ts';
import { type AccessSource, openAccess } from './access.ts';
import { EmbeddedError } from './embedded-error.ts';
import type { GatewayEvent } from './events.ts';
import { listen, type Listening } from './listen.ts';
import { announce, type Announcement } from './running.ts';
import { openState, type State } from './state.ts';

export interface EmbeddedService {
  service: Service;
  /** What `.env` says of its children alone. */
  process?: ServiceProcess | undefined;
  /** Environment of its children instead of the basic one: for a command given by hand. */
  environment?: Record<string, string>;
  /** Where its children start, instead of a folder of their own. */
  cwd?: string;
}

export interface EmbeddedOptions {
  /** What `.env` and the environment say; sign-in, lifetimes and limits are taken from it. */
  values: AuthValues;
  /** Without it everybody who may sign in may use everything. */
  access?: AccessSource;
  services: EmbeddedService[];
  /** Absolute or relative path of the state folder, `.mcpgw`. */
  stateFolder: string;
  fresh: boolean;
  /** An address, or `localhost` for both loopback addresses. */
  host: string;
  port: number;
  /** The origin that clients use, when it is not the local one: behind a tunnel or a proxy. */
  publicUrl?: string;
  environment: Record<string, string | undefined>;
  /** Values of the secrets that services of the catalog ask for, by name. */
  secrets: Record<string, string>;
  onEvent: (event: GatewayEvent) => void;
  /** Called when requests are taken, before the first service is ready. */
  onListening?: (gateway: { issuer: string; urls: Map<string, string> }) => void;
}

export interface EmbeddedGateway {
  issuer: string;
  /** MCP URL by service, those that failed too. */
  urls: Map<string, string>;
  /** Resolves when every service is ready or has failed; to the names of those that failed. */
  settled: Promise<string[]>;
  stats(): { sessions: number; children: number };
  /** Ends every connection, session and child; the store last. */
  close(): Promise<void>;
}

/**
 * @throws ListenError when the address or port cannot be had
 * @throws EmbeddedError when `local` sign-in could be reached from another machine
 * @throws StoreUnavailableError when the state's database cannot be used
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedGateway> {
  refuseOpenLocal(options);
  const listening = await listen(options.host, options.port);
  try {
    return await assemble(options, listening);
  } catch (error) {
    await listening.close();
    throw error;
  }
}

/** `local` asks for no password, so it must not be reachable, nor believed, from anywhere else. */
function refuseOpenLocal({ values, host, publicUrl }: EmbeddedOptions): void {
  if (!values.IDENTITY_PROVIDER.includes('local')) return;
  const remedy = 'set up GitHub, an OpenID Connect issuer or a passphrase in .env (IDENTITY_PROVIDER)';
  if (!isLoopbackHost(host)) {
    throw new EmbeddedError(
      `without a password the gateway cannot listen on ${host}, only on this machine; ${remedy}`,
    );
  }
  if (publicUrl !== undefined && !isLoopbackHost(new URL(publicUrl).hostname)) {
    throw new EmbeddedError(
      `without a password the gateway cannot be ${publicUrl}, only http://localhost; ${remedy}`,
    );
  }
}

async function assemble(options: EmbeddedOptions, listening: Listening): Promise<EmbeddedGateway> {
  const state = openState(resolve(options.stateFolder), options.fresh);
  const topology = topologyFor(options, listening.port);
  const settings = authSettings(
    options.values,
    topology,
    options.services.map(({ service }) => service),
    state.rootSecret,
  );
  const access = await openAccess(options);
  const store = openSqliteStore({ path: state.databasePath, logger: logger(options, 'store') });
  const auth = await openAuth(store, settings, access?.policy, logger(options, 'auth'));
  const watch = access?.watch(auth, logger(options, 'auth'));
  const endpoints = new Map<
    string,
    { handle: ServiceEndpoint['handle']; passAuthorization: boolean } | 'failed'
  >();
  const closers: ServiceEndpoint[] = [];
  listening.serve(
    createEdge({
      topology,
      aliases: [`localhost:${listening.port}`],
      verify: (service, request) =>
        auth.context.callers.run(request, () =>
          auth.verify({ service, authorization: request.headers.authorization }),
        ),
      auth: (request, response) => auth.handle(request, response),
      service: (name) => endpoints.get(name),
      corsOrigins: options.values.MCP_CORS_ORIGINS,
      logger: logger(options, 'edge'),
    }),
  );
  const urls = new Map(topology.services.map((name) => [name, resourceUrl(topology, name)]));
  const operable = await makeOperable(auth, options, { issuer: issuer(topology), urls });
  options.onListening?.({ issuer: issuer(topology), urls });
  const aborter = new AbortController();
  const start = async (entry: EmbeddedService): Promise<string[]> => {
    const { name, passAuthorization } = entry.service;
    try {
      const endpoint = await openEndpoint(entry, options, state, aborter.signal);
      if (aborter.signal.aborted) {
        await endpoint.close();
        return [];
      }
      closers.push(endpoint);
      endpoints.set(name, {
        handle: (request, response) => endpoint.handle(request, response),
        passAuthorization,
      });
      options.onEvent({ event: 'ready', service: name, url: resourceUrl(topology, name) });
      return [];
    } catch (error) {
      // Whatever it is, it is this one service's: the rest stays up.
      const reason = error instanceof Error ? error.message : String(error);
      if (!aborter.signal.aborted) {
        endpoints.set(name, 'failed');
        operable.failed(name, reason);
        options.onEvent({ event: 'failed', service: name, reason });
      }
      return [name];
    }
  };
  const settled = Promise.all(options.services.map(start)).then((names) => names.flat());
  return {
    issuer: issuer(topology),
    urls,
    settled,
    stats: () => sum(closers),
    close: async () => {
      aborter.abort();
      await watch?.close();
      await settled.catch(() => undefined);
      await Promise.all(closers.map((endpoint) => endpoint.close()));
      await listening.close();
      await operable.close();
      await auth.close();
      await store.close();
    },
  };
}

/** Opens the admin API, and says in the state folder where it is: `mcpgw health` and `mcpgw client` go there. */
async function makeOperable(
  auth: Auth,
  { stateFolder, values }: EmbeddedOptions,
  { issuer, urls }: Pick<EmbeddedGateway, 'issuer' | 'urls'>,
): Promise<Pick<Announcement, 'failed'> & { close(): Promise<void> }> {
  const admin = await listenForAdmin(auth.context, 0);
  const announcement = announce(resolve(stateFolder), {
    pid: process.pid,
    startedAt: new Date().toISOString(),
    issuer,
    services: Object.fromEntries(urls),
    protocolVersion: values.MCP_PROTOCOL_VERSION,
    adminOrigin: admin.origin,
  });
  return {
    failed: (service, reason) => announcement.failed(service, reason),
    close: async () => {
      announcement.withdraw();
      await admin.close();
    },
  };
}

async function openAuth(
  store: Store,
  settings: AuthSettings,
  policy: Policy | undefined,
  log: Logger,
): Promise<Auth> {
  try {
    return await createAuth({ settings, store, logger: log, ...(policy === undefined ? {} : { policy }) });
  } catch (error) {
    await store.close();
    if (!(error instanceof ForeignKeysError)) throw error;
    const text =
      'the root secret in .mcpgw is another one than the database was made with; put it back, or start with --fresh';
    throw new EmbeddedError(text, { cause: error });
  }
}

async function openEndpoint(
  entry: EmbeddedService,
  options: EmbeddedOptions,
  state: State,
  signal: AbortSignal,
): Promise<ServiceEndpoint> {
  const searchPath = options.environment.PATH ?? '';
  const service = withProgramsHere(entry.service, searchPath);
  const missing = secretNames(service).filter((name) => !options.secrets[name]);
  if (missing.length > 0) throw new InstallError(`needs ${missing.join(', ')} in .env or the environment`);
  const endpoint: EndpointOptions = {
    service,
    contextKey: deriveKey(state.rootSecret, `context:${service.name}`),
    limits: options.values,
    process: entry.process,
    dataFolder: join(state.data, service.name),
    secrets: (name) => options.secrets[name],
    environment: entry.environment ?? basicEnvironment(options.environment),
    ...(entry.cwd === undefined ? {} : { cwd: entry.cwd }),
    logger: logger(options, service.name),
  };
  if (service.kind === 'native') return nativeEndpoint(endpoint);
  if (service.kind === 'remote') return remoteEndpoint(endpoint);
  const launch = await installService(service, searchPath, {
    folder: state.packages,
    onFetch: (what) => options.onEvent({ event: 'fetching', service: service.name, package: what }),
    onNote: (text) => endpoint.logger.info({}, text),
    ...(entry.cwd === undefined ? {} : { cwd: entry.cwd }),
    signal,
  });
  return proxiedEndpoint(endpoint, launch);
}

function topologyFor(options: EmbeddedOptions, port: number): Topology {
  const services = options.services.map(({ service }) => service.name).sort();
  if (options.publicUrl === undefined)
    return { mode: 'path', scheme: 'http', domain: 'localhost', port, services };
  const url = new URL(options.publicUrl);
  return {
    mode: 'path',
    scheme: url.protocol === 'https:' ? 'https' : 'http',
    domain: url.hostname,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    services,
  };
}

function logger(options: EmbeddedOptions, source: string): Logger {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: object, message: string) =>
    options.onEvent({ event: 'log', level, source, message, fields: { ...fields } });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function sum(endpoints: ServiceEndpoint[]): { sessions: number; children: number } {
  const all = endpoints.map((endpoint) => endpoint.stats());
  return {
    sessions: all.reduce((total, { sessions }) => total + sessions, 0),
    children: all.reduce((total, { children }) => total + children, 0),
  };
}
