import type { Command } from 'commander';

export interface LogsFlags {
  dir: string;
  follow?: boolean;
  since?: string;
  tail?: string;
  json?: boolean;
  quiet?: boolean;
}

/** `mcpgw logs`: what the containers wrote. */
export function registerLogs(program: Command): void {
  program
    .command('logs')
    .summary('show what the containers wrote')
    .description('Shows the logs of the stack, or of some services, in the order of time.')
    .argument('[service...]', 'services (default: all)')
    .option('--dir <folder>', 'folder of the gateway', '.')
    .option('-f, --follow', 'go on as lines come; Ctrl-C ends it')
    .option('--since <when>', 'only what is newer: 10m, 2h, or a time like 2026-01-31T12:00:00Z')
    .option('--tail <lines>', 'lines of each container, or "all" (default: 100, with --since all)')
    .option(
      '--json',
      'print a JSON object for each line: service, replica, time, line, and entry where the line is JSON',
    )
    .action(async (services: string[], _flags: LogsFlags, self: Command) => {
      const { runLogs } = await import('../compose/logs/run.ts');
      await runLogs(services, self.optsWithGlobals<LogsFlags>());
    });
}
