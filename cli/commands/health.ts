import type { Command } from 'commander';
import { repeated } from '../net/repeated.ts';

export interface HealthFlags {
  dir: string;
  watch?: boolean;
  resolve: string[];
  json?: boolean;
  quiet?: boolean;
}

/** `mcpgw health`: the gateway as a client sees it. */
export function registerHealth(program: Command): void {
  program
    .command('health')
    .summary('check the running gateway as a client sees it')
    .description(
      'Checks names, certificates, discovery, the sign-in challenge, the store, and opens a session with each service. ' +
        'Exit code 3 when anything is unhealthy.',
    )
    .option('--dir <folder>', 'folder of the gateway', '.')
    .option('-w, --watch', 'check again every few seconds')
    .option(
      '--resolve <host:port:address>',
      'where a name leads, instead of what DNS says; may be repeated',
      repeated,
      [],
    )
    .action(async (_flags: HealthFlags, self: Command) => {
      const { runHealth } = await import('../health/run.ts');
      await runHealth(self.optsWithGlobals<HealthFlags>());
    });
}
