/** The catalog file of a service that is being added, as YAML, checked by the catalog's own rules. */
import { stringify } from 'yaml';
import { parseService, type Service } from '../../../runtime/config/catalog.ts';
import { faultLine } from '../../../runtime/config/faults.ts';
import type { ServicesAddFlags } from '../../commands/services.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { PinnedPackage } from './registry.ts';

/** A server with its package runs in 36 MiB, and in 26 more for each session. */
const DEFAULT_MEMORY = '512m';

/** What a service is, before the rest of the flags. */
export type Origin = { package: PinnedPackage; args: string[] } | { command: string[] } | { url: string };

export interface Draft {
  service: Service;
  /** Of `services/<name>.yaml`. */
  yaml: string;
}

/**
 * @returns the entry and its text
 * @throws UserError with everything that is wrong with it
 */
export function draftOf(name: string, origin: Origin, flags: ServicesAddFlags): Draft {
  const entry = 'url' in origin ? remoteEntry(name, origin.url, flags) : localEntry(name, origin, flags);
  return checked(name, stringify(entry, { lineWidth: 0 }));
}

function remoteEntry(name: string, url: string, flags: ServicesAddFlags): object {
  const headers = entriesOf(name, '--header', flags.header, flags.secretHeader);
  return withoutEmpty({
    name,
    title: flags.title ?? name,
    description: flags.description ?? `The server at ${URL.canParse(url) ? new URL(url).host : url}.`,
    kind: 'remote',
    remote: { url, auth: flags.secretHeader === undefined ? 'none' : 'header', headers },
    container: withoutEmpty({ memory: flags.memory }),
    default: true,
  });
}

function localEntry(name: string, origin: LocalOrigin, flags: ServicesAddFlags): object {
  return withoutEmpty({
    name,
    title: flags.title ?? name,
    description: flags.description ?? descriptionOf(origin),
    kind: 'proxy',
    ...origin,
    env: entriesOf(name, '--env', flags.env, flags.secret),
    data: flags.data,
    process: flags.process,
    clientRoots: flags.clientRoots,
    requires: isPython(origin) ? [PYTHON] : undefined,
    container: withoutEmpty({
      base: isPython(origin) ? 'python' : undefined,
      apt: flags.apt,
      memory: flags.memory ?? DEFAULT_MEMORY,
      internet: flags.internet,
    }),
    default: true,
  });
}

/** @throws UserError with everything that is wrong */
function checked(name: string, yaml: string): Draft {
  const result = parseService(yaml, `${name}.yaml`);
  if ('service' in result) return { service: result.service, yaml };
  const lines = result.faults.map(
    (fault) => `  ${faultLine({ ...fault, key: fault.key.replace(/^\S+ /, '') })}`,
  );
  throw new UserError(`${name} cannot be added:\n${lines.join('\n')}`, EXIT.usage);
}

const PYTHON = {
  command: 'python3',
  or: ['uv'],
  install: 'uv, or Python 3.10 or newer with venv (on Debian the packages python3 and python3-venv)',
};

type LocalOrigin = Exclude<Origin, { url: string }>;

function isPython(origin: LocalOrigin): boolean {
  if ('package' in origin) return 'pypi' in origin.package;
  return /(?:^|\/)python[\d.]*$/.test(origin.command[0] ?? '');
}

function descriptionOf(origin: LocalOrigin): string {
  if ('command' in origin) return `The command ${origin.command[0] ?? ''}.`;
  const { package: source } = origin;
  return 'npm' in source ? `${source.npm} from npm.` : `${source.pypi} from PyPI.`;
}

/** Values as they are, secrets by the name under which the gateway keeps them. */
function entriesOf(
  service: string,
  flag: '--env' | '--header',
  values: string[] = [],
  secrets: string[] = [],
): Record<string, object> {
  const entries: Record<string, object> = {};
  const add = (key: string, entry: object) => {
    if (Object.hasOwn(entries, key)) throw new UserError(`${key} is given twice`, EXIT.usage);
    entries[key] = entry;
  };
  for (const pair of values) add(...valuePair(flag, pair));
  const secretFlag = flag === '--env' ? '--secret' : '--secret-header';
  for (const key of secrets) add(nameAlone(secretFlag, key), { secret: secretNameOf(service, key) });
  return entries;
}

/** `NAME=VALUE`, of a header as well `NAME: VALUE`. */
function valuePair(flag: '--env' | '--header', pair: string): [string, { value: string }] {
  const pattern = flag === '--env' ? /^([^=]+)=(.*)$/s : /^([^=:]+)[=:](.*)$/s;
  const [, key, value] = pattern.exec(pair) ?? [];
  if (key === undefined || value === undefined)
    throw new UserError(`${flag} ${firstWord(pair)}: must be NAME=VALUE`, EXIT.usage);
  return [key.trim(), { value: flag === '--env' ? value : value.trim() }];
}

/** What stands behind the name may be the secret itself, so it is not repeated. */
function firstWord(text: string): string {
  return text.trim().split(/[=:\s]/)[0] ?? '';
}

function nameAlone(flag: string, text: string): string {
  if (!/[=:\s]/.test(text)) return text;
  throw new UserError(
    `${flag} ${firstWord(text)}: takes the name alone. The value is never an argument: it is asked for, or comes by --secret-file`,
    EXIT.usage,
  );
}

/** `github`, `TOKEN` → `SECRET_GITHUB_TOKEN`: two services that both want a TOKEN do not share it. */
export function secretNameOf(service: string, name: string): string {
  return `SECRET_${service}_${name}`.toUpperCase().replace(/[^A-Z0-9_]/g, '_');
}

/** Leaves out what says nothing, so that the file is as short as one written by hand. */
function withoutEmpty(entry: Record<string, unknown>): Record<string, unknown> {
  const isEmpty = (value: unknown) =>
    value === undefined ||
    value === false ||
    (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => !isEmpty(value)));
}
