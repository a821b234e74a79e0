/** Reads a gateway's folder: `.env`, the catalog with the folder's own services, and the values from all their places. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Catalog, loadCatalog, secretNames } from '../runtime/config/catalog.ts';
import { unknownAllowLists } from '../runtime/config/access.ts';
import { parseEnvFile } from '../runtime/config/env-file.ts';
import { gather, knownKeys, parseConfig } from '../runtime/config/load.ts';
import { ConfigError, type Fault } from '../runtime/config/faults.ts';
import { parsePolicy } from '../runtime/policy/policy-file.ts';
import { UserError } from './errors.ts';
import { readPolicyFile } from './policy/file.ts';
import { builtinCatalog, packageRoot } from './package-root.ts';
import { mcpgwVersion } from './version.ts';
import type { RenderSource } from './render.ts';
import { loadTemplates } from './templates.ts';
import { enabled, usesStackRedis } from './views/compose.ts';
import { acmeSecretNames } from './views/secrets.ts';

export type Environment = Record<string, string | undefined>;

export interface GatewayFolder {
  /** Absolute. */
  folder: string;
  catalog: Catalog;
  /** Names of the services described in the folder's own `services/`. */
  ownServices: string[];
  /** The text of `.env`; undefined when there is none. */
  envText: string | undefined;
  /** Of mcpgw. */
  version: string;
}

/**
 * @param folder absolute
 * @throws CatalogError
 */
export function openFolder(folder: string, version: string = mcpgwVersion()): GatewayFolder {
  const path = join(folder, '.env');
  const own = join(folder, 'services');
  return {
    folder,
    catalog: loadCatalog([builtinCatalog(), own]),
    ownServices: [...loadCatalog([own]).services.keys()],
    envText: existsSync(path) ? readFileSync(path, 'utf8') : undefined,
    version,
  };
}

/** The folder's `.env`, for commands that cannot do without. */
export function requireEnv(gateway: GatewayFolder): string {
  if (gateway.envText !== undefined) return gateway.envText;
  throw new UserError(
    `there is no .env in ${gateway.folder}. Run mcpgw init there first, or name another folder with --dir.`,
  );
}

/**
 * What `render` needs, from `.env` and the process environment.
 * @param envText the text of `.env`, which may not be on disk yet
 * @throws ConfigError with every fault
 */
export function renderSource(
  gateway: GatewayFolder,
  envText: string,
  environment: Environment,
): RenderSource {
  const { catalog, ownServices, version } = gateway;
  const file = parseEnvFile(envText);
  // A path in .env starts from where .env is.
  const read = (path: string) => readFileSync(resolve(gateway.folder, path), 'utf8');
  const config = parseConfig(gather(environment, file, knownKeys(catalog), read), catalog);
  const ofServices = enabled(config, catalog).flatMap(secretNames);
  const ofAcme = acmeSecretNames(config.values);
  const serviceSecrets = gather(environment, file, ofServices, read);
  const acmeSecrets = gather(environment, file, ofAcme, read);
  const policy = readPolicyFile(gateway.folder);
  const services = [...catalog.services.keys()];
  const parsed = parsePolicy(policy ?? '', { services });
  const faults: Fault[] = [
    ...unknownAllowLists(Object.keys(file), services),
    ...('faults' in parsed ? parsed.faults : []),
    ...ofServices
      .filter((name) => !serviceSecrets[name])
      .map((key) => ({ key, problem: 'is a secret that an enabled service needs, and has no value' })),
    ...ofAcme
      .filter((name) => !acmeSecrets[name])
      .map((key) => ({ key, problem: 'is named in ACME_DNS_VARIABLES, and has no value' })),
  ];
  if (usesStackRedis(config.values) && config.values.REDIS_PASSWORD === undefined) {
    faults.push({
      key: 'REDIS_PASSWORD',
      problem: 'is required for the Redis of the stack; mcpgw init makes one',
    });
  }
  if (faults.length > 0) throw new ConfigError(faults);
  const templates = loadTemplates(join(packageRoot(), 'templates'));
  return { config, catalog, ownServices, serviceSecrets, acmeSecrets, policy, version, templates };
}
