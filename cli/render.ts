/** Config → every generated file. Pure: the same input gives the same text, and nothing is read or written here. */
import type { Catalog } from '../runtime/config/catalog.ts';
import type { Config } from '../runtime/config/load.ts';
import { stamped } from './stamp.ts';
import { fill, type Templates } from './templates.ts';
import { accessFiles } from './views/access.ts';
import { composeView, enabled, usesStackRedis } from './views/compose.ts';
import { hasOwnImage, serviceImageView } from './views/docker.ts';
import { secretFiles } from './views/secrets.ts';
import { gatewayView, serviceView, staticView } from './views/traefik.ts';

export interface RenderSource {
  config: Config;
  catalog: Catalog;
  /** Names of the services that the folder's own `services/` describes. */
  ownServices: string[];
  /** Values of the secrets that services of the catalog ask for, by name. */
  serviceSecrets: Record<string, string>;
  /** Values of the variables that the provider of DNS-01 needs, by name. */
  acmeSecrets?: Record<string, string>;
  /** The text of the folder's `policy.yaml`; undefined where there is none. */
  policy?: string | undefined;
  /** Of mcpgw, which the images are tagged with. */
  version: string;
  templates: Templates;
}

export interface RenderInput extends RenderSource {
  /** Names of the files in `secrets/`, sorted. */
  secrets: string[];
}

/** Text by path below the gateway's folder, with forward slashes, sorted. `.env` is the source and not among it. */
export type Tree = Map<string, string>;

/** @throws ConfigError when the networks do not fit into `NETWORK_RANGE` */
export function render(source: RenderSource): Tree {
  const { config, catalog, templates } = source;
  const services = enabled(config, catalog);
  const secrets = secretFiles(
    config.values,
    services,
    { ...source.serviceSecrets, ...source.acmeSecrets },
    usesStackRedis(config.values),
  );
  const input: RenderInput = { ...source, secrets: [...secrets.keys()].sort() };
  const { values } = config;
  const files: [string, string][] = [];
  const add = (path: string, template: string, view: object) => {
    files.push([path, stamped(fill(templates, template, view))]);
  };
  add('.gitignore', 'gitignore.hbs', {});
  add('compose.yaml', 'compose.yaml.hbs', composeView(input));
  add('traefik/traefik.yaml', 'traefik/traefik.yaml.hbs', staticView(config));
  add('traefik/dynamic/gateway.yaml', 'traefik/dynamic/gateway.yaml.hbs', gatewayView(config));
  add('docker/runtime.Dockerfile', 'docker/runtime.Dockerfile.hbs', { nodeImage: values.NODE_IMAGE });
  if (values.TLS_MODE === 'acme') {
    add('docker/traefik.Dockerfile', 'docker/traefik.Dockerfile.hbs', {
      image: values.TRAEFIK_IMAGE,
      user: values.CONTAINER_USER,
    });
  }
  if (usesStackRedis(values)) {
    add('docker/redis.Dockerfile', 'docker/redis.Dockerfile.hbs', {
      image: values.REDIS_IMAGE,
      user: values.CONTAINER_USER,
    });
  }
  for (const [path, text] of accessFiles(config, source.policy)) files.push([path, stamped(text)]);
  for (const service of services) {
    add(
      `traefik/dynamic/service-${service.name}.yaml`,
      'traefik/dynamic/service.yaml.hbs',
      serviceView(config, catalog, service.name),
    );
    if (hasOwnImage(service)) {
      add(
        `docker/${service.name}.Dockerfile`,
        'docker/service.Dockerfile.hbs',
        serviceImageView(input, service),
      );
    }
  }
  for (const [name, text] of secrets) files.push([`secrets/${name}`, text]);
  return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}
