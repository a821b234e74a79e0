/**
 * The variables of a DNS provider (`ACME_DNS_VARIABLES`): keys of `.env` whose names are in `.env` itself. `init` takes
 * them from the environment and the present `.env` like any key of ours, and writes them behind ours.
 */
import { resolve } from 'node:path';
import { envLine, updateEnvFile } from '../../runtime/config/env-file.ts';
import type { Environment } from '../gateway-folder.ts';

/** @returns the names that `ACME_DNS_VARIABLES` lists, where they are used */
export function variableNames(texts: Record<string, string | undefined>): string[] {
  if (texts.TLS_MODE !== undefined && texts.TLS_MODE !== '' && texts.TLS_MODE !== 'acme') return [];
  if (texts.ACME_CHALLENGE !== 'dns-01') return [];
  return (texts.ACME_DNS_VARIABLES ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

export interface FoundVariables {
  texts: Record<string, string>;
  /** Names that the environment has decided. */
  decided: string[];
  /** Names whose value is in a file. */
  elsewhere: string[];
}

/** @param file the parsed `.env` */
export function foundVariables(
  names: string[],
  environment: Environment,
  file: Record<string, string>,
): FoundVariables {
  const found: FoundVariables = { texts: {}, decided: [], elsewhere: [] };
  for (const name of names) {
    const path = environment[`${name}_FILE`];
    if (environment[name]) {
      found.texts[name] = environment[name];
      found.decided.push(name);
    } else if (path) {
      // Its name is kept, not what is in it: such files have many lines. It was meant from where we are.
      found.texts[`${name}_FILE`] = resolve(path);
      found.elsewhere.push(name);
    } else if (file[`${name}_FILE`]) found.elsewhere.push(name);
    else if (file[name]) found.texts[name] = file[name];
  }
  return found;
}

/**
 * @param envText with every key of ours
 * @returns it with a line for each variable that has a value
 * @throws UnwritableValueError
 */
export function withVariables(envText: string, texts: Record<string, string>): string {
  const lines = variableNames(texts).flatMap((name) =>
    [name, `${name}_FILE`].flatMap((key) => (texts[key] ? [[key, texts[key]] as const] : [])),
  );
  if (lines.length === 0) return envText;
  const values = Object.fromEntries(lines);
  const { text, missing } = updateEnvFile(envText, values);
  if (missing.length === 0) return text;
  const added = missing.map((key) => `${envLine(key, values[key] ?? '')}\n`).join('');
  return `${text.endsWith('\n') ? text : `${text}\n`}\n# What the DNS provider needs (ACME_DNS_VARIABLES).\n${added}`;
}
