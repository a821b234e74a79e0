/**
 * From what is written to a typed configuration. Precedence: process environment, `<NAME>_FILE`, `.env`. Every fault
 * is reported at once, each with its key, what is wrong and an example.
 */
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { allowListKeys, parseAllowLists, type ServiceAllowLists } from './access.ts';
import type { Catalog } from './catalog.ts';
import { ConfigError, type Fault, faultsOf } from './faults.ts';
import { parseProcesses, processKeys, type ServiceProcesses } from './process.ts';
import { brokenRules } from './rules.ts';
import {
  CONFIG_KEYS,
  type ConfigKey,
  configSchema,
  type ConfigValues,
  enabledKey,
  enabledSchema,
  keyMeta,
} from './schema.ts';
import type { Topology } from './topology.ts';

export interface Config {
  values: ConfigValues;
  /** Names of the enabled services, sorted. */
  services: string[];
  /** The allow-lists of single services, enabled or not. */
  allowed: ServiceAllowLists;
  /** How the children of single services are run, where `.env` says so. */
  processes: ServiceProcesses;
}

export type ReadFile = (path: string) => string;
const readText: ReadFile = (path) => readFileSync(path, 'utf8');

/**
 * Text values by key, from the places that have them.
 * @param environment the process environment
 * @param file the parsed `.env`
 * @throws ConfigError for a `<NAME>_FILE` that cannot be read
 */
export function gather(
  environment: Record<string, string | undefined>,
  file: Record<string, string>,
  names: string[],
  readFile: ReadFile = readText,
): Record<string, string> {
  const faults: Fault[] = [];
  const fromFile = (name: string): string | undefined => {
    const path = environment[`${name}_FILE`] || file[`${name}_FILE`];
    if (path === undefined || path === '') return undefined;
    try {
      return readFile(path).replace(/\r?\n$/, '');
    } catch (error) {
      faults.push({ key: `${name}_FILE`, problem: `cannot be read: ${(error as Error).message}` });
      return undefined;
    }
  };
  // An empty variable of the process counts as not given, so that it does not hide what .env says.
  const found = names.map(
    (name) => [name, (environment[name] || undefined) ?? fromFile(name) ?? file[name]] as const,
  );
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.fromEntries(found.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/** Every key that a configuration can have with this catalog. */
export function knownKeys(catalog: Catalog): string[] {
  const services = [...catalog.services.keys()];
  return [
    ...CONFIG_KEYS,
    ...services.map(enabledKey),
    ...services.flatMap((name) => [
      ...Object.values(allowListKeys(name)),
      ...Object.values(processKeys(name)),
    ]),
  ];
}

/**
 * @param texts values as written; an empty one counts as not given, so that its default holds (an allow-list's is nobody)
 * @throws ConfigError with every fault
 */
export function parseConfig(texts: Record<string, string>, catalog: Catalog): Config {
  const given = Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== ''));
  const { values, faults } = parseValues(given);
  const enabled = enabledServices(given, catalog);
  const lists = parseAllowLists(texts, catalog.services.keys());
  const own = parseProcesses(texts, catalog.services.values());
  const known = new Set(faults.map(({ key }) => key));
  // Also where a value is wrong in itself: the rules between the others are checked all the same.
  const broken = brokenRules(values, enabled.services).filter(({ key }) => !known.has(key));
  const all = [...faults, ...enabled.faults, ...lists.faults, ...own.faults, ...broken];
  if (all.length > 0) throw new ConfigError(all);
  const { services } = enabled;
  return { values: values as ConfigValues, services, allowed: lists.allowed, processes: own.processes };
}

/** @returns the values that are right, and a fault for each of the others */
function parseValues(given: Record<string, string>): { values: Partial<ConfigValues>; faults: Fault[] } {
  const entries: [ConfigKey, unknown][] = [];
  const faults: Fault[] = [];
  for (const key of CONFIG_KEYS) {
    const result = (configSchema.shape[key] as z.ZodType).safeParse(given[key], { reportInput: true });
    if (result.success) entries.push([key, result.data]);
    else
      faults.push(
        ...faultsOf(result.error, key).map((fault) => ({ ...fault, example: keyMeta(key).example })),
      );
  }
  return { values: Object.fromEntries(entries), faults };
}

function enabledServices(
  texts: Record<string, string>,
  catalog: Catalog,
): { services: string[]; faults: Fault[] } {
  const services: string[] = [];
  const faults: Fault[] = [];
  for (const service of catalog.services.values()) {
    const key = enabledKey(service.name);
    const text = texts[key];
    const result = text === undefined ? undefined : enabledSchema.safeParse(text);
    if (result?.success === false)
      faults.push(...faultsOf(result.error, key).map((f) => ({ ...f, example: 'true' })));
    const on = result === undefined ? service.default : result.data === true;
    if (!on) continue;
    if (service.planned)
      faults.push({ key, problem: `${service.name} is not part of this release`, example: 'false' });
    else services.push(service.name);
  }
  return { services, faults };
}

/** Where a configuration's gateway is, as clients see it. */
export function topologyOf(config: Config): Topology {
  const { values } = config;
  return {
    mode: values.ROUTING_MODE,
    scheme: 'https',
    domain: values.BASE_DOMAIN,
    ...(values.HTTPS_PORT === 443 ? {} : { port: values.HTTPS_PORT }),
    services: config.services,
  };
}
