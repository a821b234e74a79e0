/** What the Compose file says. */
import { parseRedisUrl } from '../../runtime/config/redis-url.ts';
import { isAccessKey } from '../../runtime/config/access.ts';
import { reachesOut, secretNames, type Catalog, type Service } from '../../runtime/config/catalog.ts';
import type { Config } from '../../runtime/config/load.ts';
import { processKeys, type ServiceProcess } from '../../runtime/config/process.ts';
import {
  CONFIG_KEYS,
  type ConfigKey,
  type ConfigValues,
  enabledKey,
  keyMeta,
} from '../../runtime/config/schema.ts';
import type { RenderInput } from '../render.ts';
import { type Digests, startDigests } from './digests.ts';
import { hasOwnImage } from './docker.ts';
import { acmeSecret, acmeSecretNames, authSecrets, contextSecret, serviceSecret } from './secrets.ts';
import { subnets } from './subnets.ts';

interface EnvLine {
  name: string;
  value: string;
}

/** A secret as a container sees it: the file in `secrets/`, and its name below `/run/secrets`. */
interface SecretView {
  source: string;
  target: string;
}

/** Networks of the gateway itself; a service's is `service-<name>`. */
const NETWORKS = ['edge', 'auth', 'store', 'outbound'] as const;

/** Keys that say something about the machine, not about the authorization server. */
const NOT_FOR_AUTH = new Set<ConfigKey>([
  ...([
    'COMPOSE_PROJECT_NAME',
    'CONTAINER_USER',
    'NETWORK_RANGE',
    'AUTH_REPLICAS',
    'EDGE_RATE_LIMIT',
  ] as const),
  ...(['NODE_IMAGE', 'PYTHON_IMAGE', 'REDIS_IMAGE', 'TRAEFIK_IMAGE'] as const),
  ...(['ACME_EMAIL', 'ACME_CHALLENGE', 'ACME_STAGING', 'ACME_CA_URL', 'ACME_CA_CERT_FILE'] as const),
  ...(['ACME_CERT_HOURS', 'ACME_DNS_PROVIDER', 'ACME_DNS_VARIABLES'] as const),
  ...(['TLS_MODE', 'TLS_CERT_FILE', 'TLS_KEY_FILE'] as const),
  ...(['MCP_FETCHS_ALLOWED_HOSTS', 'MCP_FETCHS_IGNORE_ROBOTS'] as const),
]);

/** Keys that a service's container reads (`EndpointLimits` of the runtime). */
const FOR_SERVICES = [
  ...(['SESSION_TIMEOUT', 'MCP_CORS_ORIGINS', 'MCP_MAX_SESSIONS'] as const),
  ...(['MCP_MAX_SESSIONS_PER_USER', 'MCP_MAX_MESSAGE_BYTES', 'MCP_MAX_CHILDREN'] as const),
  ...(['MCP_MAX_CHILDREN_PER_USER', 'MCP_SPARE_CHILDREN'] as const),
] satisfies ConfigKey[];

/** Keys that the container of one native service reads besides. */
const FOR_SERVICE = new Map<string, ConfigKey[]>([
  ['fetchs', ['MCP_FETCHS_ALLOWED_HOSTS', 'MCP_FETCHS_IGNORE_ROBOTS', 'SERVICE_DOCUMENTATION']],
]);

/** True when the store is the Redis of the stack, not one elsewhere. */
export function usesStackRedis(values: ConfigValues): boolean {
  const target = parseRedisUrl(values.REDIS_URL);
  return target?.kind === 'single' && target.address.host === 'redis';
}

/** @returns the tag that the image built from mcpgw's own code has */
export function runtimeImage(values: ConfigValues, version: string): string {
  return `${values.COMPOSE_PROJECT_NAME}-runtime:${version}`;
}

/** Native services that work in threads, each with a heap of its own. */
const WITH_THREADS = new Set(['fetchs']);

/** What auth's container may use, in mebibytes, and the heap that fits into it; the bench shows that it does. */
export const AUTH_MEMORY_MIB = 320;
export const AUTH_NODE_OPTIONS = ['--max-old-space-size=192', '--max-semi-space-size=32'];

/** @returns the view of `compose.yaml` */
export function composeView(input: RenderInput) {
  const { config, catalog } = input;
  const { values } = config;
  const ranges = subnets(values.NETWORK_RANGE, NETWORKS, [...catalog.services.keys()].map(networkOf));
  const stackRedis = usesStackRedis(values);
  const digests = startDigests(input, enabled(config, catalog), stackRedis);
  const services = enabled(config, catalog).map((service) => serviceEntry(input, service, digests));
  return {
    project: values.COMPOSE_PROJECT_NAME,
    user: values.CONTAINER_USER,
    tls: values.TLS_MODE !== 'off',
    acme: values.TLS_MODE === 'acme',
    acmeSecrets: acmeSecretNames(values).map((name) => ({ name, secret: acmeSecret(name) })),
    bind: values.BIND_ADDRESS,
    httpPort: String(values.HTTP_PORT),
    httpsPort: String(values.HTTPS_PORT),
    traefikImage: values.TRAEFIK_IMAGE,
    traefikBuild: `${values.COMPOSE_PROJECT_NAME}-traefik:${input.version}`,
    redisBuild: `${values.COMPOSE_PROJECT_NAME}-redis:${input.version}`,
    runtimeImage: runtimeImage(values, input.version),
    ownServices: input.ownServices.length > 0,
    stackRedis,
    digests,
    authReplicas: values.AUTH_REPLICAS,
    authMemory: AUTH_MEMORY_MIB,
    authNodeOptions: AUTH_NODE_OPTIONS.join(' '),
    authEnvironment: authEnvironment(config, catalog),
    authSecrets: authSecrets(values).map((key) => key.toLowerCase()),
    services,
    // Every service of the catalog, so that turning one on or off leaves Traefik's container as it is.
    serviceNetworks: [...catalog.services.values()].map((service) => ({
      name: networkOf(service.name),
      subnet: ranges.get(networkOf(service.name)),
      internal: !reachesOut(service),
    })),
    networks: NETWORKS.filter((name) => name !== 'store' || stackRedis).map((name) => ({
      name,
      subnet: ranges.get(name),
      internal: name === 'auth' || name === 'store',
    })),
    secrets: input.secrets,
    volumes: [
      ...(values.TLS_MODE === 'acme' ? ['acme'] : []),
      ...(stackRedis ? ['redis-data'] : []),
      ...services.flatMap(({ volume }) => (volume === '' ? [] : [volume])),
    ],
  };
}

export function enabled(config: Config, catalog: Catalog): Service[] {
  return config.services.flatMap((name) => catalog.services.get(name) ?? []);
}

function networkOf(service: string): string {
  return `service-${service}`;
}

function serviceEntry(input: RenderInput, service: Service, digests: Digests) {
  const { values } = input.config;
  const { name, container, data } = service;
  const ownImage = hasOwnImage(service);
  const ownServices = input.ownServices.includes(name);
  const secrets: SecretView[] = [
    { source: contextSecret(name), target: 'context_key' },
    ...secretNames(service).map((secret) => ({
      source: serviceSecret(secret),
      target: secret.toLowerCase(),
    })),
  ];
  const dataFolder = data === 'none' ? '/tmp/mcpgw' : '/data';
  return {
    name,
    digest: digests.service(service),
    ownImage,
    image: ownImage
      ? `${values.COMPOSE_PROJECT_NAME}-${name}:${input.version}`
      : runtimeImage(values, input.version),
    network: networkOf(name),
    memory: container.memory,
    tmp: temporarySpace(container.memory),
    secrets,
    volume: data === 'none' ? '' : `${name}-data`,
    ownServices,
    mounts: data !== 'none' || ownServices,
    nodeOptions: `--max-old-space-size=${heapMib(service)}`,
    environment: [
      ...[...FOR_SERVICES, ...(FOR_SERVICE.get(name) ?? [])]
        .filter((key) => values[key] !== undefined)
        .map((key) => line(key, values)),
      ...processLines(name, input.config.processes[name]),
      { name: 'MCPGW_CONTEXT_KEY_FILE', value: '/run/secrets/context_key' },
      ...secretNames(service).map((secret) => ({
        name: `${secret}_FILE`,
        value: `/run/secrets/${secret.toLowerCase()}`,
      })),
      { name: 'MCPGW_DATA_DIR', value: dataFolder },
    ],
  };
}

/**
 * The heap of our own process in a service's container, in mebibytes. Before a stdio server it is the smaller part: the
 * rest is its children's, which are not told of it.
 */
function heapMib({ name, kind, container }: Service): number {
  const memory = parseInt(container.memory, 10);
  // The option holds for each thread, whatever limit that was started with.
  if (WITH_THREADS.has(name)) return Math.floor(memory / 4);
  return kind === 'proxy' ? Math.max(128, Math.floor(memory / 4)) : Math.floor(memory * 0.6);
}

/** Of `/tmp`, which counts as memory: a quarter, so that it never fills the container. A browser puts its shared memory there. */
function temporarySpace(memory: string): string {
  return `${Math.max(64, Math.floor(parseInt(memory, 10) / 4))}m`;
}

/** What `.env` says of one service's children alone. */
function processLines(name: string, { model, spares }: ServiceProcess = {}): EnvLine[] {
  const keys = processKeys(name);
  return [
    ...(model === undefined ? [] : [{ name: keys.model, value: model }]),
    ...(spares === undefined ? [] : [{ name: keys.spares, value: String(spares) }]),
  ];
}

function authEnvironment(config: Config, catalog: Catalog): EnvLine[] {
  const { values } = config;
  const plain = CONFIG_KEYS.filter(
    (key) => !NOT_FOR_AUTH.has(key) && !isAccessKey(key) && keyMeta(key).secret !== true,
  );
  return [
    // Who ends TLS is Traefik's business: the URLs are the same in every mode, and auth is not restarted for it.
    { name: 'TLS_MODE', value: 'off' },
    ...plain.filter((key) => values[key] !== undefined).map((key) => line(key, values)),
    ...authSecrets(values).map((key) => ({
      name: `${key}_FILE`,
      value: `/run/secrets/${key.toLowerCase()}`,
    })),
    ...[...catalog.services.keys()].map((name) => ({
      name: enabledKey(name),
      value: String(config.services.includes(name)),
    })),
  ];
}

function line(key: ConfigKey, values: ConfigValues): EnvLine {
  const value = values[key];
  return { name: key, value: Array.isArray(value) ? value.join(',') : String(value) };
}
