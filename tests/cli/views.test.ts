import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { builtinCatalog, packageRoot } from '../../cli/package-root.ts';
import { render, type RenderSource } from '../../cli/render.ts';
import { fill, loadTemplates } from '../../cli/templates.ts';
import { subnets } from '../../cli/views/subnets.ts';
import { ruleOf } from '../../cli/views/traefik.ts';
import { loadCatalog } from '../../runtime/config/catalog.ts';
import { IDENTITY_HEADERS } from '../../runtime/config/context.ts';
import { parseConfig, topologyOf } from '../../runtime/config/load.ts';
import { routeTable } from '../../runtime/config/routes.ts';

const catalog = loadCatalog([builtinCatalog()]);
const templates = loadTemplates(join(packageRoot(), 'templates'));
const ROOT = 'root-secret-'.padEnd(40, 'x');

function source(texts: Record<string, string> = {}): RenderSource {
  const all = {
    ...{
      BASE_DOMAIN: 'mcp.example.com',
      ACME_EMAIL: 'a@example.com',
      GITHUB_CLIENT_ID: 'id',
      GITHUB_CLIENT_SECRET: 'github-secret',
    },
    ...{ GATEWAY_JWT_SECRET: ROOT, REDIS_PASSWORD: 'redis-password', MCP_TIME_ENABLED: 'true' },
    ...texts,
  };
  return {
    config: parseConfig(all, catalog),
    catalog,
    ownServices: [],
    serviceSecrets: {},
    version: '1.2.3',
    templates,
  };
}

interface Compose {
  services: Record<
    string,
    Record<string, unknown> & {
      networks: string[];
      environment?: Record<string, string>;
      secrets?: unknown[];
    }
  >;
  networks: Record<string, { internal?: boolean; ipam: { config: { subnet: string }[] } }>;
  secrets: Record<string, { file: string }>;
}
const yaml = (text: string | undefined): unknown => parse(text ?? '', { merge: true });
const compose = (texts?: Record<string, string>) =>
  yaml(render(source(texts)).get('compose.yaml')) as Compose;

describe('render', () => {
  test('is deterministic', () => {
    expect([...render(source())]).toEqual([...render(source())]);
  });

  test('puts no secret into anything but secrets/', () => {
    for (const [path, text] of render(source())) {
      if (path.startsWith('secrets/')) continue;
      for (const secret of [ROOT, 'redis-password', 'github-secret'])
        expect(text, path).not.toContain(secret);
    }
  });

  test('gives a service the key of its own context, and nothing else', () => {
    const { services } = compose();
    for (const name of source().config.services) {
      expect(services[name]?.secrets).toEqual([{ source: `context_${name}`, target: 'context_key' }]);
    }
    const tree = render(source());
    expect(tree.get('secrets/context_memory')).toMatch(/^[\w-]{43}$/);
    expect(tree.get('secrets/context_memory')).not.toBe(tree.get('secrets/context_everything'));
    expect(tree.get('secrets/redis_acl')).not.toContain('redis-password');
  });
});

describe('the Compose file', () => {
  test('gives no container a right that it does not need (invariant 14)', () => {
    const { services } = compose();
    for (const [name, service] of Object.entries(services)) {
      expect(service, name).toMatchObject({
        ...{ user: '10001:10001', read_only: true, init: true, cap_drop: ['ALL'], restart: 'unless-stopped' },
        ...{ security_opt: ['no-new-privileges:true'], logging: { options: { 'max-size': '10m' } } },
        deploy: {
          resources: {
            limits: { cpus: expect.any(String), memory: expect.any(String), pids: expect.any(Number) },
          },
        },
        healthcheck: { test: expect.arrayContaining(['CMD']) },
      });
      for (const key of ['privileged', 'cap_add', 'network_mode', 'pid', 'ipc'])
        expect(service).not.toHaveProperty(key);
      expect(Object.keys(service).includes('ports'), name).toBe(name === 'traefik');
    }
    expect(JSON.stringify(services)).not.toContain('docker.sock');
  });

  test('gives each service a network that it shares with Traefik alone', () => {
    const { services, networks } = compose();
    const members = (network: string) =>
      Object.keys(services).filter((name) => services[name]?.networks.includes(network));
    for (const name of source().config.services) {
      expect(services[name]?.networks).toEqual([`service-${name}`]);
      expect(members(`service-${name}`).sort()).toEqual([name, 'traefik'].sort());
    }
    expect(members('store').sort()).toEqual(['auth', 'redis']);
    expect(members('auth').sort()).toEqual(['auth', 'traefik']);
    expect(networks.store?.internal).toBe(true);
    expect(networks['service-memory']?.internal).toBe(true);
    expect(networks.edge?.internal).toBeUndefined();
    const used = Object.values(networks).map(({ ipam }) => ipam.config[0]?.subnet);
    expect(new Set(used).size).toBe(used.length);
  });

  test('leaves Traefik as it is when a service is turned on or off', () => {
    const on = compose({ MCP_FETCH_ENABLED: 'true' });
    const off = compose({ MCP_FETCH_ENABLED: 'false' });
    expect(on.services.traefik).toEqual(off.services.traefik);
    expect(on.networks).toEqual(off.networks);
    expect(on.services.memory).toEqual(off.services.memory);
  });

  test('has no Redis when it is elsewhere', () => {
    const elsewhere = compose({ REDIS_URL: 'rediss://redis.example.com:6380/1' });
    expect(Object.keys(elsewhere.services)).not.toContain('redis');
    expect(Object.keys(elsewhere.networks)).not.toContain('store');
    expect(elsewhere.services.auth?.networks).toEqual(['auth', 'outbound']);
  });

  test('names only secrets that are files of the tree', () => {
    const tree = render(source());
    const files = [...tree.keys()].filter((path) => path.startsWith('secrets/'));
    expect(
      Object.values(compose().secrets)
        .map(({ file }) => file.replace('./', ''))
        .sort(),
    ).toEqual(files.sort());
  });
});

describe('Traefik’s files', () => {
  interface Dynamic {
    http: {
      middlewares: Record<string, Record<string, unknown>>;
      routers: Record<string, { rule: string; middlewares: string[]; service: string; priority: number }>;
      services: Record<string, unknown>;
    };
  }
  const merged = (texts: Record<string, string>) => {
    const all = [...render(source(texts))].filter(([path]) => path.startsWith('traefik/dynamic/'));
    const parts = all.map(([, text]) => (yaml(text) as Dynamic).http);
    return {
      middlewares: Object.assign(
        {},
        ...parts.map((part) => part.middlewares),
      ) as Dynamic['http']['middlewares'],
      routers: Object.assign({}, ...parts.map((part) => part.routers)) as Dynamic['http']['routers'],
      services: Object.assign({}, ...parts.map((part) => part.services)) as Dynamic['http']['services'],
    };
  };

  test.each(['subdomain', 'path'])('are the route table (%s)', (mode) => {
    const texts = { ROUTING_MODE: mode };
    const table = routeTable(topologyOf(source(texts).config));
    const { routers, middlewares, services } = merged(texts);
    expect(Object.keys(routers).sort()).toEqual(table.map(({ name }) => name).sort());
    for (const route of table) {
      const router = routers[route.name];
      expect(router).toMatchObject({ rule: ruleOf(route), priority: route.priority });
      expect(router?.middlewares[0]).toBe('no-identity');
      expect(router?.middlewares.includes(`${route.service}-verify`)).toBe(route.access === 'token');
      const keeps =
        route.target.to === 'service' &&
        catalog.services.get(route.target.service)?.passAuthorization === true;
      expect(router?.middlewares.includes('no-authorization')).toBe(route.access === 'token' && !keeps);
      for (const name of router?.middlewares ?? []) expect(middlewares).toHaveProperty([name]);
      expect(services).toHaveProperty([router?.service ?? '']);
    }
  });

  test('ask auth about the service of the route, and take only the identity headers', () => {
    const { middlewares } = merged({});
    expect(middlewares['memory-verify']?.forwardAuth).toMatchObject({
      address: 'http://auth:8080/verify/memory',
      trustForwardHeader: false,
      maxResponseBodySize: expect.any(Number),
    });
    const { authResponseHeaders } = middlewares['memory-verify']?.forwardAuth as {
      authResponseHeaders: string[];
    };
    expect(authResponseHeaders.map((name) => name.toLowerCase())).toEqual([...IDENTITY_HEADERS]);
    const removed = (middlewares['no-identity']?.headers as { customRequestHeaders: Record<string, string> })
      .customRequestHeaders;
    for (const header of authResponseHeaders) expect(removed[header]).toBe('');
  });

  test('hold nothing back: no buffering, no compression, no count of open streams, no retry', () => {
    const text = [...render(source()).entries()]
      .filter(([path]) => path.startsWith('traefik/'))
      .map(([, file]) => file)
      .join('\n');
    expect(text).not.toMatch(/^\s*(?:buffering|compress|inFlightReq|retry|dashboard|docker):/m);
    expect(yaml(render(source()).get('traefik/traefik.yaml'))).toMatchObject({
      accessLog: { fields: { headers: { defaultMode: 'drop' }, queryParameters: { defaultMode: 'drop' } } },
      entryPoints: {
        websecure: {
          transport: { respondingTimeouts: { readTimeout: '0s' } },
          http: { encodedCharacters: { allowEncodedSlash: false } },
        },
      },
    });
  });

  test('allow credentials to named origins only', () => {
    const cors = (origins: string) => merged({ MCP_CORS_ORIGINS: origins }).middlewares.cors?.headers;
    expect(cors('*')).toMatchObject({
      accessControlAllowOriginList: ['*'],
      accessControlAllowCredentials: false,
    });
    expect(cors('https://a.example,*')).toMatchObject({
      accessControlAllowOriginList: ['*'],
      accessControlAllowCredentials: false,
    });
    expect(cors('https://a.example')).toMatchObject({
      accessControlAllowOriginList: ['https://a.example'],
      accessControlAllowCredentials: true,
    });
  });
});

test('any text survives YAML', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      (value) => {
        expect(
          parse(
            fill(new Map([['t', 'a: {{q value}}\nb: {{list values}}\n']]), 't', { value, values: [value] }),
          ),
        ).toEqual({ a: value, b: [value] });
      },
    ),
  );
});

describe('subnets', () => {
  test('do not overlap, stay in the range, and do not move when a service is added', () => {
    const name = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 60 }), (names) => {
        const places = subnets('10.201.0.0/22', ['edge', 'auth', 'store', 'outbound'], names);
        expect(new Set(places.values()).size).toBe(names.length + 4);
        for (const place of places.values()) expect(place).toMatch(/^10\.201\.[0-3]\.\d+\/28$/);
        expect(places.get('edge')).toBe('10.201.0.0/28');
      }),
    );
    const before = subnets('10.201.0.0/20', ['edge'], ['fetch', 'memory']);
    const after = subnets('10.201.0.0/20', ['edge'], ['aaa', 'fetch', 'memory', 'zzz']);
    expect(after.get('memory')).toBe(before.get('memory'));
  });

  test('say when the range is too small', () => {
    expect(() => subnets('10.0.0.0/27', ['edge'], ['a', 'b'])).toThrow('NETWORK_RANGE');
  });
});
