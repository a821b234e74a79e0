/** `mcpgw ps`: every service that should run, and what its containers do. */
import type { PsFlags } from '../../commands/ps.ts';
import { createOutput, type Style, table } from '../../output.ts';
import type { Container, ServiceStatus } from '../containers.ts';
import { containerState, serviceStatuses } from '../containers.ts';
import { requireDocker } from '../docker.ts';
import { interruptSignal } from '../interrupt.ts';
import { refuseForeign } from '../ownership.ts';
import { openProject } from '../project.ts';
import { runDocker } from '../run.ts';
import { listContainers, type World } from '../steps.ts';
import { type Unready, unreadyContainers } from '../readiness.ts';
import { paintState, stateText } from '../state-text.ts';

export async function runPs(flags: PsFlags): Promise<void> {
  const output = createOutput(flags);
  const project = openProject(flags.dir);
  await requireDocker(runDocker);
  const world: World = { run: runDocker, signal: interruptSignal('Stopped.') };
  await refuseForeign(world.run, project, world.signal);
  const containers = await listContainers(world, project);
  const statuses = serviceStatuses(project.services, containers);
  const unready = await unreadyContainers(world, containers);
  const lines = [psTable(statuses, output.style), ...unreadyLines(unready, output.style)];
  output.result(lines.join('\n'), {
    ...{ project: project.name, services: statuses },
    unready: unready.map(({ container, ...why }) => ({ service: container.service, ...why })),
  });
}

/** What the table cannot show: such a container is healthy. */
export function unreadyLines(unready: Unready[], style: Style): string[] {
  if (unready.length === 0) return [];
  return [
    '',
    ...unready.flatMap(({ container, reason, output }) => [
      style.yellow(`The server of ${nameOf(container)} ${reason}`),
      ...output.map((line) => `  ${style.dim(line)}`),
    ]),
  ];
}

/** A line for each container, and for each service that has none. */
export function psTable(statuses: ServiceStatus[], style: Style): string {
  const rows = statuses.flatMap((status) => {
    if (status.containers.length === 0)
      return [{ status, cells: [status.service, stateText(status), '', ''] }];
    return status.containers.map((container) => {
      const one = { state: containerState(container, status.checked), exitCode: container.exitCode };
      return {
        status: one,
        cells: [nameOf(container), stateText(one), since(container), container.ports.join(' ')],
      };
    });
  });
  const lines = table([
    ['CONTAINER', 'STATE', 'SINCE', 'PUBLISHED'],
    ...rows.map(({ cells }) => cells),
  ]).split('\n');
  return lines
    .map((line, index) => {
      const row = rows[index - 1];
      if (row === undefined) return style.bold(line);
      const text = stateText(row.status);
      return line.replace(`  ${text}`, `  ${paintState(style, row.status)(text)}`);
    })
    .join('\n');
}

/** As `mcpgw logs` calls it: the service, and which of its containers. */
function nameOf({ name, service }: Container): string {
  const number = /-(\d+)$/.exec(name)?.[1];
  return number === undefined ? service : `${service}-${number}`;
}

/** `Up 5 minutes (healthy)` → `5 minutes` */
function since({ status }: Container): string {
  return status
    .replace(/^(?:Up|Created|Exited \(\d+\)|Restarting \(\d+\)) ?/, '')
    .replace(/ \((?:healthy|unhealthy|health: starting)\)$/, '')
    .replace(/^About an? /, '1 ');
}
