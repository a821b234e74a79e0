/** `mcpgw exec`: a command in a container, with this terminal and its own exit code. */
import type { ExecFlags } from '../../commands/exec.ts';
import { EXIT, UserError } from '../../errors.ts';
import { execArgv } from '../argv.ts';
import { requireDocker } from '../docker.ts';
import { refuseForeign } from '../ownership.ts';
import { chosenServices, openProject } from '../project.ts';
import { runDocker } from '../run.ts';
import { listContainers } from '../steps.ts';

export async function runExec(service: string, command: string[], flags: ExecFlags): Promise<void> {
  const project = openProject(flags.dir);
  chosenServices(project, [service]);
  await requireDocker(runDocker);
  await refuseForeign(runDocker, project);
  const world = { run: runDocker, signal: new AbortController().signal };
  const containers = await listContainers(world, project, [service]);
  if (!containers.some(({ state }) => state === 'running'))
    throw new UserError(
      `${service} does not run. mcpgw up starts it; mcpgw ps shows what runs.`,
      EXIT.unhealthy,
    );
  // Ctrl-C is for the command, which gets it from the terminal as well.
  process.on('SIGINT', () => undefined);
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  // Options behind the service are the command's own, with or without -- before them.
  const words = command[0] === '--' ? command.slice(1) : command;
  const { code } = await runDocker(execArgv(project, service, words, { terminal }), { terminal: true });
  process.exitCode = code;
}
