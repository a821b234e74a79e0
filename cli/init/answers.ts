/** What is known before a question is asked: flags, the environment, and the `.env` that is there. */
import { resolve } from 'node:path';
import type { Catalog } from '../../runtime/config/catalog.ts';
import { parseEnvFile } from '../../runtime/config/env-file.ts';
import { gather, knownKeys } from '../../runtime/config/load.ts';
import { enabledKey, keyMeta } from '../../runtime/config/schema.ts';
import { EXIT, UserError } from '../errors.ts';
import type { Environment } from '../gateway-folder.ts';
import type { SecretSource } from './complete.ts';
import { foundVariables, variableNames } from './dns-variables.ts';
import { FLAGGED, flagName, howToGive, isConfigKey } from './flags.ts';
import type { InitFlags } from './options.ts';
import { secretFlags } from './secret-flags.ts';

/** The state of `init`: values as written, and which of them must not be asked any more. */
export interface Answers {
  texts: Record<string, string>;
  /** Keys that a flag or the environment has decided. */
  decided: Set<string>;
  /** Keys whose value `.env` takes from a file (`<NAME>_FILE`): neither asked nor written. */
  elsewhere: Set<string>;
}

export interface Sources {
  flags: InitFlags;
  environment: Environment;
  /** The text of the present `.env`. */
  envText: string | undefined;
  catalog: Catalog;
  /** Reads all of standard input. */
  readStdin: () => Promise<string>;
  secrets: SecretSource;
}

/**
 * Precedence: flag, environment, `<NAME>_FILE`, `.env`.
 * @throws UserError for a flag that cannot be used
 */
export async function knownAnswers(sources: Sources): Promise<Answers> {
  const { environment, catalog } = sources;
  const file = parseEnvFile(sources.envText ?? '');
  const names = knownKeys(catalog);
  const fromFlags = {
    ...keyFlags(sources.flags),
    ...(await secretFlags(sources)),
    ...serviceFlag(sources.flags, catalog),
  };
  const fromEnvironment = dropEmpty(gather(environment, {}, names));
  const elsewhere = new Set(names.filter((name) => Boolean(file[`${name}_FILE`]) && !fromEnvironment[name]));
  const present = Object.fromEntries(
    names.flatMap((name) => (file[name] === undefined ? [] : [[name, file[name]]])),
  );
  const texts = { ...present, ...fromEnvironment, ...fromFlags };
  const variables = foundVariables(variableNames(texts), environment, file);
  return {
    texts: { ...texts, ...variables.texts },
    decided: new Set([...Object.keys(fromEnvironment), ...Object.keys(fromFlags), ...variables.decided]),
    elsewhere: new Set([...elsewhere, ...variables.elsewhere]),
  };
}

const PATHS = new Set<string>(['TLS_CERT_FILE', 'TLS_KEY_FILE', 'ACME_CA_CERT_FILE']);

function keyFlags(flags: InitFlags): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const key of FLAGGED) {
    const value = flags[camel(flagName(key))];
    // In .env a path starts from the gateway's folder, and here from where we are.
    if (typeof value === 'string') texts[key] = PATHS.has(key) && value !== '' ? resolve(value) : value;
  }
  for (const pair of flags.set ?? []) {
    const [, key = '', value = ''] = /^([^=]*)=([^]*)$/.exec(pair) ?? [];
    if (key === '') throw new UserError('--set takes KEY=VALUE', EXIT.usage);
    if (!isConfigKey(key)) {
      const hint = /^MCP_.*_ENABLED$/.test(key) ? ' (services are chosen with --services)' : '';
      throw new UserError(`--set ${key}: there is no such key${hint}`, EXIT.usage);
    }
    if (keyMeta(key).secret === true) {
      throw new UserError(
        `--set ${key}: is a secret, and arguments can be read by everybody on this machine. Give it by ${howToGive(key)}.`,
        EXIT.usage,
      );
    }
    texts[key] = value;
  }
  return texts;
}

function camel(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function serviceFlag(flags: InitFlags, catalog: Catalog): Record<string, string> {
  return flags.services === undefined ? {} : enabledTexts(chosenServices(flags.services, catalog), catalog);
}

/**
 * @param text names separated by commas, `all` or `default`
 * @throws UserError for a name that is not in the catalog, or is planned
 */
export function chosenServices(text: string, catalog: Catalog): string[] {
  const usable = [...catalog.services.values()].filter(({ planned }) => !planned);
  if (text === 'all') return usable.map(({ name }) => name);
  if (text === 'default') return usable.filter((service) => service.default).map(({ name }) => name);
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const known = new Set(usable.map(({ name }) => name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0 || names.length === 0) {
    const problem =
      unknown.length === 0 ? 'names no service' : `there is no service ${unknown.join(', ')} in this release`;
    throw new UserError(`--services: ${problem}; there are ${[...known].join(', ')}`, EXIT.usage);
  }
  return names;
}

/** `MCP_<SERVICE>_ENABLED` of every service of the catalog. */
export function enabledTexts(names: string[], catalog: Catalog): Record<string, string> {
  return Object.fromEntries(
    [...catalog.services.keys()].map((name) => [enabledKey(name), String(names.includes(name))]),
  );
}

function dropEmpty(texts: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== ''));
}
