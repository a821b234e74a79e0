/** `mcpgw services list`: the catalog, and what of it is enabled in this folder. */
import { resolve } from 'node:path';
import type { ServicesListFlags } from '../commands/services.ts';
import { openFolder } from '../gateway-folder.ts';
import { createOutput, table } from '../output.ts';
import { serviceRows } from '../service-rows.ts';

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
  const lacking = rows.filter(({ missing }) => missing.length > 0);
  if (lacking.length > 0) {
    output.note('\nMissing on this machine for mcpgw dev (in a deployment the containers bring it):');
    for (const { name, missing } of lacking) output.note(`  ${name.padEnd(18)} ${missing.join('; ')}`);
  }
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
