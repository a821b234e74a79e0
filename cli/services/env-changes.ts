/** What a service of the folder's own leaves in `.env`, and takes from it again. Everything else there stays as it is. */
import { allowListKeys } from '../../runtime/config/access.ts';
import type { Service } from '../../runtime/config/catalog.ts';
import { secretNames } from '../../runtime/config/catalog.ts';
import { envLine, removeFromEnvFile, updateEnvFile, writable } from '../../runtime/config/env-file.ts';
import { processKeys } from '../../runtime/config/process.ts';
import { enabledKey } from '../../runtime/config/schema.ts';
import type { GatewayFolder } from '../gateway-folder.ts';

/** Who else there is around a service. */
export interface Around {
  /** What the service was before: what it alone had a use for goes. */
  former: Service | undefined;
  /** The folder's own other services. */
  others: Service[];
}

export interface EnvResult {
  /** Undefined: there is no `.env`, and none is needed. */
  text: string | undefined;
  /** Keys that have a new value. */
  keys: string[];
  /** Text by path below the folder: of secrets that a line of `.env` cannot hold. Undefined: to be removed. */
  files: Map<string, string | undefined>;
}

/**
 * @param text of `.env`; without one the catalog's own default holds, so it is only made for secrets
 * @param secrets new values by name
 */
export function withService(
  text: string | undefined,
  service: Service,
  secrets: Map<string, string>,
  { former, others }: Around,
): EnvResult {
  const files = new Map<string, string | undefined>();
  const values: Record<string, string> = {};
  if (text !== undefined || secrets.size > 0) values[enabledKey(service.name)] = 'true';
  const unused = former === undefined ? [] : onlyOf(former, [service, ...others]);
  for (const name of unused) files.set(secretPath(name), undefined);
  const drop = unused.flatMap((name) => [name, `${name}_FILE`]);
  for (const [name, value] of secrets) {
    const path = secretPath(name);
    const inFile = !writable(value);
    files.set(path, inFile ? value : undefined);
    values[inFile ? `${name}_FILE` : name] = inFile ? path : value;
    drop.push(inFile ? name : `${name}_FILE`);
  }
  const keys = Object.keys(values);
  if (keys.length === 0 && drop.length === 0) return { text, keys, files };
  const updated = updateEnvFile(removeFromEnvFile(text ?? '', drop), values);
  if (updated.missing.length === 0) return { text: updated.text, keys, files };
  const lines = updated.missing.map((key) => `${envLine(key, values[key] ?? '')}\n`).join('');
  const before = updated.text === '' || updated.text.endsWith('\n') ? updated.text : `${updated.text}\n`;
  const gap = before === '' ? '' : '\n';
  return { text: `${before}${gap}${heading(service)}\n${lines}`, keys, files };
}

/**
 * @param others services that stay: a secret that one of them has, too, is left
 * @returns the text without the service's lines, and the files of its secrets
 */
export function withoutService(
  text: string,
  service: Service,
  others: Service[],
): { text: string; files: string[] } {
  const own = onlyOf(service, others);
  const lists = Object.values(allowListKeys(service.name));
  const processes = Object.values(processKeys(service.name));
  const keys = [
    enabledKey(service.name),
    ...lists,
    ...processes,
    ...own,
    ...own.map((name) => `${name}_FILE`),
  ];
  const left = removeFromEnvFile(text, keys).split('\n');
  // Only where it heads nothing any more.
  const at = left.findLastIndex((line, index) => line === heading(service) && (left[index + 1] ?? '') === '');
  if (at !== -1) left.splice(left[at - 1] === '' ? at - 1 : at, left[at - 1] === '' ? 2 : 1);
  return { text: left.join('\n'), files: own.map(secretPath) };
}

/** @returns the folder's own services but for this one */
export function otherServices({ ownServices, catalog }: GatewayFolder, { name }: Service): Service[] {
  return ownServices.flatMap((other) => (other === name ? [] : (catalog.services.get(other) ?? [])));
}

/** @returns the secrets that none of the others has a use for */
function onlyOf(service: Service, others: Service[]): string[] {
  const needed = new Set(others.flatMap(secretNames));
  return secretNames(service).filter((name) => !needed.has(name));
}

/** Beside the files that are made for containers, and, unlike those, the user's own. */
function secretPath(name: string): string {
  return `secrets/${name.toLowerCase()}`;
}

/** The comment above a service's lines. */
function heading({ description }: Service): string {
  return `# ${description.replace(/\s+/g, ' ').trim()}`;
}
