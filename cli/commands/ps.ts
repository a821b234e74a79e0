import type { Command } from 'commander';

export interface PsFlags {
  dir: string;
  json?: boolean;
  quiet?: boolean;
}

/** `mcpgw ps`: the containers of the stack. */
export function registerPs(program: Command): void {
  program
    .command('ps')
    .summary('list the containers of the stack')
    .description('Lists the services of the stack with the state of their containers.')
    .option('--dir <folder>', 'folder of the gateway', '.')
    .action(async (_flags: PsFlags, self: Command) => {
      const { runPs } = await import('../compose/operate/ps.ts');
      await runPs(self.optsWithGlobals<PsFlags>());
    });
}
