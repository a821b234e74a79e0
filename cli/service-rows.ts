/** The services of a folder's catalog, and which of them are enabled there. */
import type { Service } from '../runtime/config/catalog.ts';
import { parseEnvFile } from '../runtime/config/env-file.ts';
import { gather } from '../runtime/config/load.ts';
import { enabledKey, enabledSchema } from '../runtime/config/schema.ts';
import { findCommand } from '../runtime/install/find-command.ts';
import { missingHere } from '../runtime/install/missing.ts';
import { ownServer } from '../runtime/install/own-server.ts';
import { runnerCommand } from '../runtime/install/runner.ts';
import type { Environment, GatewayFolder } from './gateway-folder.ts';

export interface ServiceRow {
  name: string;
  title: string;
  description: string;
  kind: Service['kind'];
  /** `planned`: its server is not part of this release and cannot be enabled. */
  status: 'enabled' | 'disabled' | 'planned';
  /** `default` when no `.env` says otherwise. */
  from: '.env' | 'default';
  /** Where its server comes from. */
  source: string;
  /** What it stores, and for whom. */
  data: Service['data'];
  /** In the folder's own `services/`. */
  own: boolean;
  /** What this machine lacks to run it in `mcpgw dev`, in words; a container brings its own. */
  missing: string[];
}

/** @param environment of the process, which goes before `.env` */
export function serviceRows(gateway: GatewayFolder, environment: Environment): ServiceRow[] {
  const services = [...gateway.catalog.services.values()];
  const texts = gather(
    environment,
    parseEnvFile(gateway.envText ?? ''),
    services.map(({ name }) => enabledKey(name)),
  );
  return services.map((service) => {
    const text = texts[enabledKey(service.name)];
    const parsed = text === undefined ? undefined : enabledSchema.safeParse(text);
    const on = parsed?.success === true ? parsed.data : service.default;
    return {
      name: service.name,
      title: service.title,
      description: service.description,
      kind: service.kind,
      status: service.planned ? 'planned' : on ? 'enabled' : 'disabled',
      from: parsed?.success === true ? '.env' : 'default',
      source: sourceOf(service),
      data: service.data,
      own: gateway.ownServices.includes(service.name),
      missing: [
        ...missingHere(service, environment.PATH ?? ''),
        ...commandMissing(service, environment.PATH ?? ''),
      ],
    };
  });
}

/** A command of the machine's own; those of packages are fetched. */
function commandMissing({ command }: Service, searchPath: string): string[] {
  const [program] = command ?? [];
  if (command === undefined || program === undefined || ownServer(program)) return [];
  if (runnerCommand(command) !== undefined || findCommand(program, searchPath) !== undefined) return [];
  return [`the command ${program}`];
}

function sourceOf({ package: source, command, remote }: Service): string {
  if (remote !== undefined) return remote.url;
  if (source === undefined)
    return command === undefined || ownServer(command[0]) ? 'mcpgw itself' : `command ${command.join(' ')}`;
  return 'npm' in source ? `npm ${source.npm}@${source.version}` : `PyPI ${source.pypi}@${source.version}`;
}
