/** Finds the route of a request: host first, then path and method, by the priorities of the route table. */
import { pathMatches, type Route } from '../config/routes.ts';

/** @param preflight whether the request is a CORS preflight; any other OPTIONS is a request like others */
export type Lookup = (host: string, path: string, preflight: boolean) => Route | 'unknown-host' | 'no-route';

/**
 * @param hosts what a `Host` header may say, mapped to the host of the route table (without port)
 */
export function createLookup(routes: Route[], hosts: Map<string, string>): Lookup {
  const byHost = new Map<string, Route[]>();
  for (const route of [...routes].sort((a, b) => b.priority - a.priority)) {
    byHost.set(route.host, [...(byHost.get(route.host) ?? []), route]);
  }
  return (host, path, preflight) => {
    const name = hosts.get(host.toLowerCase());
    if (name === undefined) return 'unknown-host';
    const found = byHost
      .get(name)
      ?.find(
        (route) =>
          (route.method === undefined || preflight) && route.paths.some((match) => pathMatches(path, match)),
      );
    return found ?? 'no-route';
  };
}
