/**
 * Where everything is, as a client sees it: the issuer, and for each service its MCP URL (which is its resource, RFC
 * 8707) and its metadata (RFC 9728). Made from the configuration once; every URL that we tell anybody comes from here.
 */

export type RoutingMode = 'subdomain' | 'path';

export interface Topology {
  mode: RoutingMode;
  scheme: 'http' | 'https';
  /** In `subdomain` mode the parent of `auth.` and of each service; in `path` mode the one host. */
  domain: string;
  /** Undefined: the scheme's default. */
  port?: number;
  /** Names of the enabled services, sorted. */
  services: string[];
}

const DEFAULT_PORT = { http: 80, https: 443 };

/** `host` or `host:port`, as a browser sends it in `Host`. */
function authority(topology: Topology, host: string): string {
  const { port, scheme } = topology;
  return port === undefined || port === DEFAULT_PORT[scheme] ? host : `${host}:${port}`;
}

/** The host (without port) that the authorization server answers on. */
export function authHost(topology: Topology): string {
  return topology.mode === 'subdomain' ? `auth.${topology.domain}` : topology.domain;
}

/** The host (without port) that a service answers on. */
export function serviceHost(topology: Topology, service: string): string {
  return topology.mode === 'subdomain' ? `${service}.${topology.domain}` : topology.domain;
}

/** Every host that clients use, without ports: what DNS must know and a certificate must cover. */
export function hostsOf(topology: Topology): string[] {
  return [
    ...new Set([authHost(topology), ...topology.services.map((service) => serviceHost(topology, service))]),
  ];
}

/** Path of the service's MCP endpoint on its host. */
export function mcpPath(topology: Topology, service: string): string {
  return topology.mode === 'subdomain' ? '/mcp' : `/${service}/mcp`;
}

/** The issuer identifier (RFC 8414 §2): an origin, without a trailing slash. */
export function issuer(topology: Topology): string {
  return `${topology.scheme}://${authority(topology, authHost(topology))}`;
}

/** The origin of the service's host. */
export function serviceOrigin(topology: Topology, service: string): string {
  return `${topology.scheme}://${authority(topology, serviceHost(topology, service))}`;
}

/** The MCP URL of a service, which is also its resource identifier (RFC 8707). */
export function resourceUrl(topology: Topology, service: string): string {
  return serviceOrigin(topology, service) + mcpPath(topology, service);
}

/** Where the service's protected resource metadata is: the well-known part before the path (RFC 9728 §3.1). */
export function resourceMetadataUrl(topology: Topology, service: string): string {
  return `${serviceOrigin(topology, service)}/.well-known/oauth-protected-resource${mcpPath(topology, service)}`;
}

/** What an identity provider must be told as the place to come back to. */
export function callbackUrl(topology: Topology): string {
  return `${issuer(topology)}/callback`;
}

/** True for names and addresses that only this machine reaches. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return (
    bare === 'localhost' || bare.endsWith('.localhost') || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare)
  );
}
