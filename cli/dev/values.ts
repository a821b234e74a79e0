/** The configuration of `mcpgw dev`: what `.env` and the environment say, on this machine. */
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { allowListKeys, parseAllowLists, unknownAllowLists } from '../../runtime/config/access.ts';
import { type Catalog, loadCatalog, secretNames } from '../../runtime/config/catalog.ts';
import { parseEnvFile } from '../../runtime/config/env-file.ts';
import { ConfigError } from '../../runtime/config/faults.ts';
import { type Config, gather, knownKeys, parseConfig } from '../../runtime/config/load.ts';
import { parseProcesses, processKeys } from '../../runtime/config/process.ts';
import { enabledKey } from '../../runtime/config/schema.ts';
import { builtinCatalog } from '../package-root.ts';

/** The root secret of `dev` is in its state folder; the schema wants one all the same. */
const UNUSED_ROOT_SECRET = 'not-used-by-dev'.padEnd(43, '-');

/** Keys whose value says nothing about this machine. */
const DEPLOYMENT_ONLY = ['JWT_PRIVATE_KEY_B64', 'REDIS_URL', 'REDIS_USERNAME', 'REDIS_PASSWORD'];

/** Our catalog and the folder's own `services/`. */
export function devCatalog(folder: string): Catalog {
  return loadCatalog([builtinCatalog(), join(folder, 'services')]);
}

/** The configuration, and the values of the secrets that services of the catalog ask for. */
export interface DevConfig extends Config {
  secrets: Record<string, string>;
}

/**
 * @param chosen names of services, instead of what `.env` enables
 * @param own name of the service of a command given by hand, which may have allow-lists, too
 * @throws ConfigError with every fault
 */
export function devConfig(
  folder: string,
  catalog: Catalog,
  environment: Record<string, string | undefined>,
  chosen: string[] | undefined,
  own?: string,
): DevConfig {
  const path = join(folder, '.env');
  const file = existsSync(path) ? parseEnvFile(readFileSync(path, 'utf8')) : {};
  // A path in .env starts from where .env is.
  const read = (name: string) => readFileSync(resolve(folder, name), 'utf8');
  const names = own === undefined ? [] : [own];
  const unknown = unknownAllowLists(Object.keys(file), [...catalog.services.keys(), ...names]);
  if (unknown.length > 0) throw new ConfigError(unknown);
  const ownKeys = names.flatMap((name) => [
    ...Object.values(allowListKeys(name)),
    ...Object.values(processKeys(name)),
  ]);
  const texts = gather(environment, file, [...knownKeys(catalog), ...ownKeys], read);
  // Whoever asks for GitHub and forgets half of its credentials is told so, and never gets sign-in without a password.
  const named = Boolean(texts.GITHUB_CLIENT_ID) || Boolean(texts.GITHUB_CLIENT_SECRET);
  const owned = Boolean(texts.PASSPHRASE_HASH);
  const issued =
    Boolean(texts.OIDC_ISSUER) || Boolean(texts.OIDC_CLIENT_ID) || Boolean(texts.OIDC_CLIENT_SECRET);
  const found = [
    ...(named ? ['github'] : []),
    ...(issued ? ['oidc'] : []),
    ...(owned ? ['passphrase'] : []),
  ].join(',');
  const provider = texts.IDENTITY_PROVIDER || found || 'local';
  for (const key of DEPLOYMENT_ONLY) delete texts[key];
  if (chosen !== undefined) {
    for (const name of catalog.services.keys()) texts[enabledKey(name)] = String(chosen.includes(name));
  }
  const secrets = gather(environment, file, [...catalog.services.values()].flatMap(secretNames), read);
  const config = parseConfig(
    {
      ...texts,
      ROUTING_MODE: 'path',
      BASE_DOMAIN: 'localhost',
      TLS_MODE: 'off',
      BIND_ADDRESS: '127.0.0.1',
      GATEWAY_JWT_SECRET: UNUSED_ROOT_SECRET,
      IDENTITY_PROVIDER: provider,
      LOCAL_USER: texts.LOCAL_USER ?? userName(environment),
    },
    catalog,
  );
  const ownLists = parseAllowLists(texts, names);
  const ownProcess = parseProcesses(
    texts,
    names.map((name) => ({ name, data: 'none' as const })),
  );
  const faults = [...ownLists.faults, ...ownProcess.faults];
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    ...config,
    allowed: { ...config.allowed, ...ownLists.allowed },
    processes: { ...config.processes, ...ownProcess.processes },
    secrets,
  };
}

function userName(environment: Record<string, string | undefined>): string {
  try {
    return userInfo().username;
  } catch {
    // A uid without an entry in the user database, as in many containers.
    return environment.USER ?? 'local';
  }
}
