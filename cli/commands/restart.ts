import type { Command } from 'commander';

export interface RestartFlags {
  dir: string;
  timeout: string;
  json?: boolean;
  quiet?: boolean;
}

/** `mcpgw restart`: containers one after another. */
export function registerRestart(program: Command): void {
  program
    .command('restart')
    .summary('restart containers, one after another')
    .description('Restarts services container by container, each when the one before is healthy again.')
    .argument('[service...]', 'services (default: all)')
    .option('--dir <folder>', 'folder of the gateway', '.')
    .option('--timeout <seconds>', 'how long to wait for each container', '120')
    .action(async (services: string[], _flags: RestartFlags, self: Command) => {
      const { runRestart } = await import('../compose/operate/restart.ts');
      await runRestart(services, self.optsWithGlobals<RestartFlags>());
    });
}
