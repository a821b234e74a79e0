/**
 * Resource indicators, RFC 8707 §2: a `resource` "MUST be an absolute URI […] The URI MUST NOT include a fragment
 * component." Clients send the MCP URL, its origin, or either with a trailing slash; all mean the one exact MCP URL.
 */
import { resourceUrl, serviceOrigin, type Topology } from '../config/topology.ts';
import { InvalidTargetError } from './errors.ts';

export interface Resources {
  /** @returns the exact resource URL of a service */
  url(service: string): string;
  /** @returns the service of an exact resource URL */
  service(url: string): string | undefined;
  /**
   * @param value what a client sent
   * @returns the exact resource URL that it means
   * @throws InvalidTargetError for anything that is no service of ours
   */
  resolve(value: string): string;
}

export function createResources(topology: Topology): Resources {
  const byService = new Map(topology.services.map((name) => [name, resourceUrl(topology, name)]));
  const byUrl = new Map([...byService].map(([name, url]) => [url, name]));
  const spellings = new Map<string, string>();
  for (const [name, url] of byService) {
    spellings.set(comparable(url) ?? url, url);
    // In path mode the origin belongs to no service alone.
    if (topology.mode === 'subdomain') spellings.set(comparable(serviceOrigin(topology, name)) ?? '', url);
  }
  return {
    url: (service) => {
      const url = byService.get(service);
      if (url === undefined) throw new InvalidTargetError('There is no such service.');
      return url;
    },
    service: (url) => byUrl.get(url),
    resolve: (value) => {
      const url = spellings.get(comparable(value) ?? '');
      if (url === undefined)
        throw new InvalidTargetError('The resource is not an MCP server of this gateway.');
      return url;
    },
  };
}

/** @returns the URL in lower-case scheme and host, without default port and trailing slashes; undefined for no resource */
function comparable(value: string): string | undefined {
  if (!URL.canParse(value) || /[#?\\]/.test(value)) return undefined;
  const url = new URL(value);
  if (url.username !== '' || url.password !== '') return undefined;
  return url.origin === 'null' ? undefined : url.origin + url.pathname.replace(/\/+$/, '');
}
