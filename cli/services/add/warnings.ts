/** What may not be what a person meant, though it can be written. */
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { Service } from '../../../runtime/config/catalog.ts';
import { isLoopbackHost } from '../../../runtime/config/topology.ts';
import { findCommand } from '../../../runtime/install/find-command.ts';
import type { ServicesAddFlags } from '../../commands/services.ts';

const SECRET_LIKE =
  /(?:^|[-_.])(?:api[-_]?key|key|token|secret|password|passwd|pat|credentials?)(?:$|[-_.=])/i;

/**
 * @param searchPath the value of PATH
 * @returns sentences for a person
 */
export function warningsOf(service: Service, flags: ServicesAddFlags, searchPath: string): string[] {
  return [
    ...Object.entries(service.env).flatMap(([name, entry]) =>
      'value' in entry && SECRET_LIKE.test(name)
        ? [`${name} stands in the catalog file, which is no secret: --secret ${name} keeps it apart`]
        : [],
    ),
    ...secretArguments([...(service.command ?? []), ...service.args]),
    ...remoteWarnings(service),
    ...dataWarnings(service),
    ...absenceWarnings(service, searchPath),
    ...commandWarnings(service, flags),
  ];
}

function secretArguments(words: string[]): string[] {
  const at = words.findIndex((word, index) => {
    const [flag = '', value] = word.split('=', 2);
    const next = words[index + 1];
    return flag.startsWith('-') && SECRET_LIKE.test(flag) && (value ?? next ?? '-').startsWith('-') === false;
  });
  if (at === -1) return [];
  const flag = words[at]?.split('=')[0] ?? '';
  return [
    `${flag}: arguments stand in the catalog file, and everybody on the machine sees those of a process. If it is a secret, look for a variable that the server takes instead, and give that with --secret`,
  ];
}

function remoteWarnings({ remote }: Service): string[] {
  if (remote === undefined) return [];
  const { protocol, hostname, searchParams } = new URL(remote.url);
  const headers = Object.entries(remote.headers).flatMap(([name, entry]) =>
    'value' in entry && /^(?:authorization|cookie)$|key|token|secret/i.test(name)
      ? [`${name} stands in the catalog file, which is no secret: --secret-header ${name} keeps it apart`]
      : [],
  );
  const query = [...searchParams.keys()]
    .filter((name) => SECRET_LIKE.test(name))
    .map(
      (name) =>
        `${name} in the address stands in the catalog file, which is no secret; look for a header instead`,
    );
  const here = isLoopbackHost(hostname);
  return [
    ...headers,
    ...query,
    ...(protocol === 'http:' && !here
      ? [`${remote.url}: what is sent there can be read on the way; take https where the server has it`]
      : []),
    ...(here ? [`${hostname} is this machine for mcpgw dev, but in a container the container itself`] : []),
  ];
}

function dataWarnings({ data, args, command, env }: Service): string[] {
  const texts = [
    ...args,
    ...(command ?? []),
    ...Object.values(env).flatMap((entry) => ('value' in entry ? [entry.value] : [])),
  ];
  const named = texts.some((text) => text.includes('{data}'));
  if (data === 'none' && named)
    return ['{data} is an empty folder that does not last: say --data user or --data shared'];
  return [];
}

/** What a typing error leads to, which otherwise shows when the first client comes. */
function absenceWarnings({ command }: Service, searchPath: string): string[] {
  const [program, script] = command ?? [];
  if (program === undefined) return [];
  const missing =
    findCommand(program, searchPath) === undefined
      ? [`there is no command ${program} on this machine, so mcpgw dev cannot serve it`]
      : [];
  if (script === undefined || !/^[^-].*\.(?:[cm]?[jt]s|py)$/.test(script) || existsSync(resolve(script)))
    return missing;
  return [...missing, `there is no file ${resolve(script)}`];
}

function commandWarnings({ command, container }: Service, { apt }: ServicesAddFlags): string[] {
  const [program, ...rest] = command ?? [];
  if (program === undefined) return [];
  const files = [program, ...rest].filter((word) => isAbsolute(word) && existsSync(word));
  if (files.length > 0)
    return [
      `${files.join(', ')}: a file of this machine, which no container has. mcpgw dev serves it, mcpgw up cannot`,
    ];
  const known = container.base === 'python' ? /^python3?$/ : /^node$/;
  if (apt !== undefined || known.test(program)) return [];
  return [
    `${program} has to be in the service's image, too; what Debian has of it, --apt installs there. mcpgw dev takes it from this machine`,
  ];
}
