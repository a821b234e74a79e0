/** `mcpgw services list`: the catalog, and what of it is enabled in this folder. */
import { resolve } from 'node:path';
import type { Service } from '../../runtime/config/catalog.ts';
import { parseEnvFile } from '../../runtime/config/env-file.ts';
import { gather } from '../../runtime/config/load.ts';
import { enabledKey, enabledSchema } from '../../runtime/config/schema.ts';
import type { ServicesListFlags } from '../commands/services.ts';
import { type GatewayFolder, openFolder } from '../gateway-folder.ts';
import { createOutput, table } from '../output.ts';

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
}

export function runServicesList(flags: ServicesListFlags): void {
  const output = createOutput(flags);
  const rows = serviceRows(openFolder(resolve(flags.dir)), process.env);
  const { bold, dim, green } = output.style;
  const paint = { enabled: green, disabled: (text: string) => text, planned: dim };
  const cells = rows.map((row) => [row.name, row.kind, row.status, STORES[row.data], row.source]);
  const lines = table([['NAME', 'KIND', 'STATUS', 'STORES', 'FROM'], ...cells])
    .split('\n')
    .map((line) => fit(line, process.stdout.columns));
  const painted = lines.map((line, index) => {
    const row = rows[index - 1];
    return row === undefined
      ? bold(line)
      : line.replace(` ${row.status}`, ` ${paint[row.status](row.status)}`);
  });
  output.result(painted.join('\n'), { services: rows });
  if (rows.some(({ status }) => status === 'planned'))
    output.note('\nplanned: described here, not part of this release yet.');
}

/** Takes the middle out of a line that a terminal would wrap: its end is the name and version of a package. */
function fit(line: string, columns = Infinity): string {
  if (line.length <= columns) return line;
  const start = line.lastIndexOf(' ') + 1;
  return `${line.slice(0, start)}…${line.slice(line.length - (columns - start - 1))}`;
}

const STORES = { none: 'nothing', user: 'per user', shared: 'shared' };

/** @param environment of the process, which goes before `.env` */
export function serviceRows(
  gateway: GatewayFolder,
  environment: Record<string, string | undefined>,
): ServiceRow[] {
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
    };
  });
}

function sourceOf({ package: source, command }: Service): string {
  if (source === undefined) return command === undefined ? 'mcpgw itself' : `command ${command.join(' ')}`;
  return 'npm' in source ? `npm ${source.npm}@${source.version}` : `PyPI ${source.pypi}@${source.version}`;
}
