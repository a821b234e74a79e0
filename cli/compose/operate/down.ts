/** `mcpgw down`: containers and networks go; data only when it is asked for. */
import type { DownFlags } from '../../commands/down.ts';
import { EXIT, InterruptedError, UserError } from '../../errors.ts';
import { createOutput } from '../../output.ts';
import { downArgv, leftOverArgv, removeLeftOverArgv } from '../argv.ts';
import { requireDocker } from '../docker.ts';
import { interruptSignal } from '../interrupt.ts';
import { refuseForeign } from '../ownership.ts';
import { type ComposeProject, openProject } from '../project.ts';
import { runDocker } from '../run.ts';
import { listContainers, must, type World } from '../steps.ts';

export async function runDown(flags: DownFlags): Promise<void> {
  const output = createOutput(flags);
  const project = openProject(flags.dir);
  await requireDocker(runDocker);
  const world: World = { run: runDocker, signal: interruptSignal('Stopped half way. Run mcpgw down again.') };
  await refuseForeign(world.run, project, world.signal);
  const volumes = await leftOver(world, 'volume', project.name);
  if (flags.volumes === true && volumes.length > 0 && flags.yes !== true) await agree(project, volumes);
  const containers = (await listContainers(world, project)).map(({ name }) => name);
  await must(world, downArgv(project, { volumes: flags.volumes === true }));
  // What the file does not name any more: of services that were turned off, or of an older mcpgw.
  const networks = await removeLeftOver(world, 'network', project.name);
  const removed = flags.volumes === true ? volumes : [];
  if (flags.volumes === true) await removeLeftOver(world, 'volume', project.name);
  const kept = volumes.length - removed.length;
  const lines = [
    containers.length === 0
      ? `Nothing of ${project.name} was running.`
      : `Removed ${count(containers.length, 'container')} of ${project.name}.`,
    ...(removed.length > 0
      ? [
          `Removed ${count(removed.length, 'volume')} with ${volumes.length === 1 ? 'its' : 'their'} data: ${removed.join(', ')}`,
        ]
      : []),
    ...(kept > 0 ? [`The data stays in ${count(kept, 'volume')}; mcpgw down --volumes removes it.`] : []),
  ];
  output.result(lines.join('\n'), {
    project: project.name,
    containers,
    volumes: removed,
    networks,
    keptVolumes: kept,
  });
}

async function agree(project: ComposeProject, volumes: string[]): Promise<void> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    throw new UserError(
      `down --volumes would remove the data in ${volumes.join(', ')}, and there is no terminal to ask on: add --yes`,
      EXIT.usage,
    );
  }
  const { terminalAsker } = await import('../../prompts/asker.ts');
  const asker = terminalAsker();
  asker.note(volumes.join('\n'), `Data of ${project.name} that will be gone`);
  const yes = await asker.confirm({ message: 'Remove it, and sign everybody out?', initial: false });
  if (!yes) throw new InterruptedError('Nothing was removed.');
}

async function leftOver(world: World, kind: 'volume' | 'network', project: string): Promise<string[]> {
  const { stdout } = await must(world, leftOverArgv(kind, project));
  return stdout.split('\n').filter((name) => name !== '');
}

async function removeLeftOver(world: World, kind: 'volume' | 'network', project: string): Promise<string[]> {
  const names = await leftOver(world, kind, project);
  if (names.length > 0) await must(world, removeLeftOverArgv(kind, names));
  return names;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
