import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pathMatches, type Route, routeTable } from '../../runtime/config/routes.ts';
import {
  authHost,
  mcpPath,
  resourceMetadataUrl,
  serviceHost,
  type Topology,
} from '../../runtime/config/topology.ts';

const serviceNames = fc.uniqueArray(
  fc.constantFrom('echo', 'echo-stateful', 'fetch', 'fetchs', 'memory', 'a', 'mcp-x'),
  { minLength: 1 },
);
const topologies: fc.Arbitrary<Topology> = fc.record({
  mode: fc.constantFrom('subdomain' as const, 'path' as const),
  scheme: fc.constant('https' as const),
  domain: fc.constantFrom('mcp.example.com', 'localhost'),
  services: serviceNames.map((names) => names.sort()),
});
const segments = fc.constantFrom(
  'mcp',
  'token',
  'verify',
  'health',
  'memory',
  'echo',
  '.well-known',
  'oauth-protected-resource',
  'jwks.json',
  'x',
);
const paths = fc.array(segments, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`);

/** The route that takes a request: as Traefik does it, by priority. */
function routeOf(topology: Topology, host: string, path: string, method: string): Route | undefined {
  return routeTable(topology).find(
    (route) =>
      route.host === host &&
      (route.method ?? method) === method &&
      route.paths.some((match) => pathMatches(path, match)),
  );
}

describe('the route table', () => {
  test('has unique names and falling priorities', () => {
    fc.assert(
      fc.property(topologies, (topology) => {
        const table = routeTable(topology);
        expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
        expect(table.map(({ priority }) => priority)).toEqual(
          table.map(({ priority }) => priority).sort((a, b) => b - a),
        );
      }),
    );
  });

  test('no request is matched by two routes of one priority', () => {
    fc.assert(
      fc.property(
        topologies,
        paths,
        fc.constantFrom('GET', 'OPTIONS'),
        fc.boolean(),
        (topology, path, method, slash) => {
          const asked = slash && path !== '/' ? `${path}/` : path;
          const hosts = new Set(routeTable(topology).map(({ host }) => host));
          for (const host of hosts) {
            const matching = routeTable(topology).filter(
              (route) =>
                route.host === host &&
                (route.method ?? method) === method &&
                route.paths.some((match) => pathMatches(asked, match)),
            );
            expect(new Set(matching.map(({ priority }) => priority)).size).toBe(matching.length);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('never leads to /verify, /health or another internal path of auth', () => {
    fc.assert(
      fc.property(topologies, (topology) => {
        for (const path of ['/verify', '/verify/memory', '/health', '/metrics', '/admin', '/internal']) {
          expect(routeOf(topology, authHost(topology), path, 'GET')).toBeUndefined();
        }
        for (const { target } of routeTable(topology)) {
          if (target.to === 'auth' && target.path !== undefined)
            expect(target.path).not.toMatch(/^\/(?:verify|health|metrics|admin)/);
        }
      }),
    );
  });

  test('a service is reached with a token for it alone; everything else of its host needs one too', () => {
    fc.assert(
      fc.property(topologies, (topology) => {
        for (const service of topology.services) {
          const host = serviceHost(topology, service);
          const mcp = mcpPath(topology, service);
          for (const path of [mcp, `${mcp}/`]) {
            expect(routeOf(topology, host, path, 'POST')).toMatchObject({
              access: 'token',
              service,
              target: { to: 'service', service },
            });
          }
          const root = mcp.replace(/\/mcp$/, '');
          for (const path of [`${root}/verify`, `${root}/x`, `${mcp}/x`]) {
            expect(routeOf(topology, host, path, 'GET')).toMatchObject({
              access: 'token',
              service,
              target: { to: 'nothing' },
            });
          }
        }
        for (const route of routeTable(topology))
          if (route.target.to === 'service') expect(route.service).toBe(route.target.service);
      }),
    );
  });

  test('metadata is where the challenge says it is, and in the other places where clients look', () => {
    fc.assert(
      fc.property(topologies, (topology) => {
        for (const service of topology.services) {
          const host = serviceHost(topology, service);
          const mcp = mcpPath(topology, service);
          const found = {
            access: 'public',
            target: { to: 'auth', path: `/.well-known/oauth-protected-resource/${service}` },
          };
          const named = new URL(resourceMetadataUrl(topology, service));
          for (const path of [named.pathname, `${mcp}/.well-known/oauth-protected-resource`]) {
            expect(routeOf(topology, host, path, 'GET')).toMatchObject(found);
          }
          const wellKnown = '/.well-known/oauth-authorization-server';
          for (const path of [wellKnown + mcp, mcp.replace(/\/mcp$/, '') + wellKnown, mcp + wellKnown]) {
            expect(routeOf(topology, host, path, 'GET')).toMatchObject({
              access: 'public',
              target: { to: 'auth', path: wellKnown },
            });
          }
        }
      }),
    );
  });
});
