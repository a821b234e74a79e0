import type { Command } from 'commander';

export interface ExecFlags {
  dir: string;
}

/** `mcpgw exec`: a command in a running container. */
export function registerExec(program: Command): void {
  program
    .command('exec')
    .summary('run a command in a container of the stack')
    .description(
      'Runs a command in the first container of a service, with this terminal, and ends with its exit code.',
    )
    .argument('<service>', 'name of the service')
    .argument('<command...>', 'the command, behind --')
    .option('--dir <folder>', 'folder of the gateway', '.')
    .passThroughOptions()
    .addHelpText('after', '\nExample:\n  mcpgw exec auth -- node --version\n')
    .action(async (service: string, command: string[], _flags: ExecFlags, self: Command) => {
      const { runExec } = await import('../compose/operate/exec.ts');
      await runExec(service, command, self.optsWithGlobals<ExecFlags>());
    });
}
