/**
 * The one table of routes. Traefik's dynamic file and the embedded edge are both made from it, so that what is tested
 * embedded is what is deployed. Priorities: 4 OAuth and discovery, 3 CORS preflight, 2 MCP behind ForwardAuth, 1
 * catch-all. What no route takes is refused (404; an unknown host 421).
 */
import { authHost, mcpPath, serviceHost, type Topology } from './topology.ts';

export type Access =
  /** Anybody. */
  | 'public'
  /** Only with a token for the service (ForwardAuth to `/verify/<service>`). */
  | 'token';

/** How a path matches. A trailing slash is never significant for `exact`. */
export type PathMatch = { exact: string } | { prefix: string };

export type Target =
  /** To the authorization server, under `path` when it is given, else under the request's own path. */
  | { to: 'auth'; path?: string }
  /** To the service's `/mcp`. */
  | { to: 'service'; service: string; path: string }
  /** A CORS preflight, answered by the edge itself. */
  | { to: 'preflight' }
  /** A redirect to the same query on another URL. */
  | { to: 'redirect'; path: string }
  /** 404, after `access` was granted. */
  | { to: 'nothing' };

export interface Route {
  /** Unique; a name in Traefik. */
  name: string;
  priority: 4 | 3 | 2 | 1;
  /** Host without port. */
  host: string;
  paths: PathMatch[];
  /** Undefined: every method. */
  method?: 'OPTIONS';
  access: Access;
  /** The service that `access: token` is for. */
  service?: string;
  target: Target;
}

/** What the authorization server answers to the outside, on its own host. `/verify` and `/health` are not among it. */
const AUTH_PATHS: PathMatch[] = [
  { exact: '/.well-known/oauth-authorization-server' },
  { exact: '/.well-known/jwks.json' },
  { exact: '/register' },
  { prefix: '/register/' },
  { exact: '/authorize' },
  { exact: '/consent' },
  { exact: '/local' },
  { exact: '/passphrase' },
  { exact: '/callback' },
  { exact: '/token' },
  { exact: '/introspect' },
  { exact: '/revoke' },
  { exact: '/signout' },
  { exact: '/device-authorization' },
  { exact: '/device' },
  { exact: '/success' },
  { prefix: '/assets/' },
];

/** Paths that clients of 2025-03-26 make up on the MCP host when discovery fails. */
const MADE_UP = ['/token', '/register'];

/** @returns the routes, highest priority first; among equals no two match one request */
export function routeTable(topology: Topology): Route[] {
  const routes = [
    authRoute(topology),
    ...topology.services.flatMap((service) => serviceRoutes(topology, service)),
  ];
  return routes.sort((a, b) => b.priority - a.priority);
}

function authRoute(topology: Topology): Route {
  return {
    name: 'auth',
    priority: 4,
    host: authHost(topology),
    paths: AUTH_PATHS,
    access: 'public',
    target: { to: 'auth' },
  };
}

function serviceRoutes(topology: Topology, service: string): Route[] {
  const host = serviceHost(topology, service);
  /** What the service has of its host: all of it, or all below its prefix. */
  const root = topology.mode === 'subdomain' ? '' : `/${service}`;
  const mcp = mcpPath(topology, service);
  const route = (name: string, priority: Route['priority'], paths: PathMatch[], target: Target): Route => ({
    name: `${service}-${name}`,
    priority,
    host,
    paths,
    access: 'public',
    target,
  });
  return [
    route('resource', 4, resourcePaths(root, mcp), {
      to: 'auth',
      path: `/.well-known/oauth-protected-resource/${service}`,
    }),
    route('issuer', 4, issuerPaths(root, mcp), {
      to: 'auth',
      path: '/.well-known/oauth-authorization-server',
    }),
    route('authorize', 4, [{ exact: `${root}/authorize` }], { to: 'redirect', path: '/authorize' }),
    ...MADE_UP.map((path) => route(path.slice(1), 4, [{ exact: root + path }], { to: 'auth', path })),
    { ...route('preflight', 3, [everything(root)], { to: 'preflight' }), method: 'OPTIONS' },
    {
      ...route('mcp', 2, [{ exact: mcp }], { to: 'service', service, path: '/mcp' }),
      access: 'token',
      service,
    },
    { ...route('rest', 1, [everything(root)], { to: 'nothing' }), access: 'token', service },
  ];
}

function everything(root: string): PathMatch {
  return { prefix: `${root}/` };
}

/**
 * Protected resource metadata is asked for at the root of the resource's host, with the resource's path inserted (RFC
 * 9728 §3.1), and appended to the endpoint. In `path` mode the root of the host is nobody's resource.
 */
function resourcePaths(root: string, mcp: string): PathMatch[] {
  const wellKnown = '/.well-known/oauth-protected-resource';
  return [
    { exact: wellKnown + mcp },
    { exact: root + wellKnown },
    { exact: mcp + wellKnown },
    ...(root === '' ? [] : [{ exact: wellKnown + root }]),
  ];
}

/** The authorization server's metadata on the service's host, for clients of 2025-03-26, and with its path inserted. */
function issuerPaths(root: string, mcp: string): PathMatch[] {
  const wellKnown = '/.well-known/oauth-authorization-server';
  return [
    { exact: wellKnown + mcp },
    { exact: root + wellKnown },
    { exact: mcp + wellKnown },
    ...(root === '' ? [] : [{ exact: wellKnown + root }]),
  ];
}

/** @returns whether a path (without query) matches; `/x/` is served like `/x` */
export function pathMatches(path: string, match: PathMatch): boolean {
  if ('exact' in match) return path === match.exact || path === `${match.exact}/`;
  return path.startsWith(match.prefix) || `${path}/` === match.prefix;
}
