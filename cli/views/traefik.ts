/** What Traefik's files say, made from the route table that the embedded edge is made from. */
import { createHash } from 'node:crypto';
import { CORS_EXPOSED_HEADERS, CORS_METHODS, CORS_REQUEST_HEADERS } from '../../runtime/config/cors.ts';
import { IDENTITY_HEADERS } from '../../runtime/config/context.ts';
import type { Catalog } from '../../runtime/config/catalog.ts';
import { type Config, topologyOf } from '../../runtime/config/load.ts';
import { type PathMatch, type Route, routeTable } from '../../runtime/config/routes.ts';
import type { ConfigValues } from '../../runtime/config/schema.ts';
import { issuer, type Topology } from '../../runtime/config/topology.ts';
import { ACME_AUTHORITY, inTraefik, SERVED } from '../tls/paths.ts';

export interface RouterView {
  name: string;
  rule: string;
  priority: number;
  middlewares: string[];
  service: string;
}

/** A middleware of one route, beside the shared ones of `gateway.yaml`. */
export interface PathMiddleware {
  name: string;
  /** Replaces the path; empty: it redirects instead. */
  replacePath: string;
  /** Redirects, keeping the query. */
  redirect?: { regex: string; replacement: string };
}

/** Behind these every request is without the headers that only the gateway may set. */
const FIRST = ['no-identity', 'security-headers', 'rate-limit'];
/** A path that auth does not have: what may come in but leads nowhere is its 404. */
const NOWHERE = '/nothing-here';

/** Headers removed from outside: who the caller is, and what a proxy claims about the request. */
const REMOVED = [...IDENTITY_HEADERS, 'forwarded', 'x-original-url', 'x-original-uri', 'x-rewrite-url'];

/** @returns the view of `traefik/traefik.yaml` */
export function staticView(config: Config) {
  const { values } = config;
  return {
    tls: values.TLS_MODE !== 'off',
    acme: acmeView(values),
    httpsPort: `:${values.HTTPS_PORT}`,
    trustedProxies: values.TRUSTED_PROXIES,
  };
}

/** Staging is another authority, whose certificates nobody trusts. */
const STAGING = 'https://acme-staging-v02.api.letsencrypt.org/directory';

/** @returns what Traefik asks certificates from; undefined when it does not */
function acmeView(values: ConfigValues) {
  if (values.TLS_MODE !== 'acme') return undefined;
  const server = values.ACME_STAGING ? STAGING : (values.ACME_CA_URL ?? '');
  return {
    email: values.ACME_EMAIL ?? '',
    server,
    storage: `/acme/${acmeStorage(values, server)}`,
    authority: values.ACME_CA_CERT_FILE === undefined ? '' : inTraefik(ACME_AUTHORITY),
    hours: values.ACME_CERT_HOURS,
    http: values.ACME_CHALLENGE === 'http-01',
    tlsAlpn: values.ACME_CHALLENGE === 'tls-alpn-01',
    dnsProvider: values.ACME_CHALLENGE === 'dns-01' ? (values.ACME_DNS_PROVIDER ?? '') : '',
  };
}

/** One file for each authority: Traefik would keep serving the certificates of the one before, until they end. */
function acmeStorage(values: ConfigValues, server: string): string {
  if (server === '') return 'acme.json';
  if (values.ACME_STAGING) return 'acme-staging.json';
  return `acme-${createHash('sha256').update(server).digest('hex').slice(0, 12)}.json`;
}

/** @returns the view of `traefik/dynamic/gateway.yaml`: what all routes share, and auth's own route */
export function gatewayView(config: Config) {
  const { values } = config;
  const topology = topologyOf(config);
  const routes = routeTable({ ...topology, services: [] });
  const anyOrigin = values.MCP_CORS_ORIGINS.includes('*');
  return {
    ...routersOf(routes, topology, () => false),
    ...entry(config),
    removed: REMOVED.map(headerName),
    // A browser that was told so would not even let a person pass a warning, so only where there should be none.
    hsts: values.TLS_MODE === 'files' || (values.TLS_MODE === 'acme' && !values.ACME_STAGING),
    // Traefik takes 0 for no limit, and wants a burst of at least one.
    rate: { average: values.EDGE_RATE_LIMIT, burst: Math.max(1, 2 * values.EDGE_RATE_LIMIT) },
    trustedProxies: values.TRUSTED_PROXIES,
    served: values.TLS_MODE === 'files' || values.TLS_MODE === 'internal' ? inTraefik(SERVED) : '',
    origins: anyOrigin ? ['*'] : values.MCP_CORS_ORIGINS,
    credentials: !anyOrigin,
    methods: CORS_METHODS,
    // Mcp-Param-* cannot be listed: `*` stands for them (but never for Authorization, hence the list before it).
    requestHeaders: [...CORS_REQUEST_HEADERS, '*'],
    exposedHeaders: CORS_EXPOSED_HEADERS,
  };
}

/** @returns the view of `traefik/dynamic/service-<name>.yaml` */
export function serviceView(config: Config, catalog: Catalog, service: string) {
  const topology = topologyOf(config);
  const shared = new Set(routeTable({ ...topology, services: [] }).map(({ name }) => name));
  const routes = routeTable({ ...topology, services: [service] }).filter(({ name }) => !shared.has(name));
  const keepsToken = (name: string) => catalog.services.get(name)?.passAuthorization === true;
  return {
    ...routersOf(routes, topology, keepsToken),
    ...entry(config),
    service,
    identityHeaders: IDENTITY_HEADERS.map(headerName),
  };
}

function entry(config: Config) {
  const { values } = config;
  if (values.TLS_MODE === 'off') return { entryPoint: 'web', tls: '' };
  if (values.TLS_MODE !== 'acme') return { entryPoint: 'websecure', tls: '{}' };
  // Only DNS-01 gives wildcards, and then one does for all: no request for each service that is turned on.
  const wildcard = values.ACME_CHALLENGE === 'dns-01' && values.ROUTING_MODE === 'subdomain';
  const domains = wildcard ? `, domains: [{ main: '*.${values.BASE_DOMAIN}' }]` : '';
  return { entryPoint: 'websecure', tls: `{ certResolver: acme${domains} }` };
}

function routersOf(routes: Route[], topology: Topology, keepsToken: (service: string) => boolean) {
  const paths = routes.flatMap((route) => pathMiddleware(route, topology) ?? []);
  const routers = routes.map((route): RouterView => ({
    name: route.name,
    rule: ruleOf(route),
    priority: route.priority,
    middlewares: middlewaresOf(route, keepsToken, paths),
    service: route.target.to === 'service' ? route.target.service : 'auth',
  }));
  return { routers, paths };
}

function middlewaresOf(
  route: Route,
  keepsToken: (service: string) => boolean,
  paths: PathMiddleware[],
): string[] {
  const service = route.service ?? '';
  const toAuth = route.target.to === 'auth' || route.target.to === 'redirect';
  const path = paths.find(({ name }) => name === pathName(route));
  return [
    ...FIRST,
    // Auth answers CORS by itself.
    ...(toAuth ? [] : ['cors']),
    ...(route.access === 'token' ? [`${service}-verify`, 'no-cookies'] : []),
    ...(route.access === 'token' && !(route.target.to === 'service' && keepsToken(service))
      ? ['no-authorization']
      : []),
    ...(path === undefined ? [] : [path.name]),
  ];
}

function pathName(route: Route): string {
  return `${route.name}-path`;
}

function pathMiddleware(route: Route, topology: Topology): PathMiddleware | undefined {
  const name = pathName(route);
  switch (route.target.to) {
    case 'auth':
      return route.target.path === undefined ? undefined : { name, replacePath: route.target.path };
    case 'service':
      return { name, replacePath: route.target.path };
    case 'nothing':
      return { name, replacePath: NOWHERE };
    case 'redirect':
      return {
        name,
        replacePath: '',
        // Only the query is taken from the request; the `$` of the group must not be Traefik's own.
        redirect: { regex: '^[^?]*(\\?.*)?$', replacement: `${issuer(topology)}${route.target.path}\${1}` },
      };
    case 'preflight':
      return undefined;
  }
}

/** Traefik's rule for a route: its host, its method, and any of its paths. */
export function ruleOf(route: Route): string {
  const paths = route.paths.flatMap(pathRules);
  const all = paths.includes('PathPrefix(`/`)');
  return [
    `Host(\`${route.host}\`)`,
    // Only a browser's preflight: any other OPTIONS is a request like all others, and needs a token.
    ...(route.method === undefined
      ? []
      : [
          `Method(\`${route.method}\`)`,
          'HeaderRegexp(`Origin`, `.`)',
          'HeaderRegexp(`Access-Control-Request-Method`, `.`)',
        ]),
    ...(all ? [] : [paths.length === 1 ? (paths[0] as string) : `(${paths.join(' || ')})`]),
  ].join(' && ');
}

function pathRules(match: PathMatch): string[] {
  if ('exact' in match) return [`Path(\`${match.exact}\`)`, `Path(\`${match.exact}/\`)`];
  const bare = match.prefix.replace(/\/$/, '');
  return [`PathPrefix(\`${match.prefix}\`)`, ...(bare === '' ? [] : [`Path(\`${bare}\`)`])];
}

/** `x-user-id` → `X-User-Id` */
function headerName(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}
