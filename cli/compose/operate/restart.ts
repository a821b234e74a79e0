/** `mcpgw restart`: container by container, so that a service with replicas answers all the time. */
import type { RestartFlags } from '../../commands/restart.ts';
import { EXIT, UserError } from '../../errors.ts';
import { createOutput } from '../../output.ts';
import { restartArgv } from '../argv.ts';
import { requireDocker } from '../docker.ts';
import { interruptSignal } from '../interrupt.ts';
import { refuseForeign } from '../ownership.ts';
import { chosenServices, openProject } from '../project.ts';
import { runDocker } from '../run.ts';
import { lastLog, listContainers, must, secondsOf, untilHealthy, type World } from '../steps.ts';

interface Restarted {
  container: string;
  service: string;
  seconds: number;
}

export async function runRestart(services: string[], flags: RestartFlags): Promise<void> {
  const output = createOutput(flags);
  const timeoutSeconds = secondsOf('--timeout', flags.timeout);
  const project = openProject(flags.dir);
  const chosen = chosenServices(project, services);
  await requireDocker(runDocker);
  const world: World = {
    run: runDocker,
    signal: interruptSignal('Stopped. What was restarted already is; mcpgw ps shows it.'),
  };
  await refuseForeign(world.run, project, world.signal);
  const containers = await listContainers(world, project);
  const done: Restarted[] = [];
  for (const { name } of chosen) {
    for (const container of containers.filter(({ service }) => service === name)) {
      const begun = performance.now();
      output.note(`restarting ${container.name} …`);
      await must(world, restartArgv(container.id));
      const problem = await untilHealthy(world, project, name, [container.id], timeoutSeconds);
      if (problem !== undefined) {
        const log = await lastLog(world, project, name, output.style);
        throw new UserError(
          `${problem} after its restart; nothing further was restarted.\n${log.join('\n')}`,
          EXIT.unhealthy,
        );
      }
      const seconds = Math.round((performance.now() - begun) / 100) / 10;
      done.push({ container: container.name, service: name, seconds });
      output.note(
        `${output.style.green('restarted')} ${container.name}, healthy after ${seconds.toFixed(1)} s`,
      );
    }
  }
  if (done.length === 0)
    throw new UserError('nothing of this is running. mcpgw up starts it.', EXIT.unhealthy);
  output.result('', { project: project.name, restarted: done });
}
