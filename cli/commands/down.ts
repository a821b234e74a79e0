import type { Command } from 'commander';

export interface DownFlags {
  dir: string;
  volumes?: boolean;
  yes?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** `mcpgw down`: the stack's containers and networks, and its data if asked. */
export function registerDown(program: Command): void {
  program
    .command('down')
    .summary('stop the stack and remove its containers and networks')
    .description(
      'Stops the stack and removes its containers and networks. Data stays, unless --volumes is given.',
    )
    .option('--dir <folder>', 'folder of the gateway', '.')
    .option('--volumes', 'remove the data as well: clients, tokens, certificates and what services stored')
    .option('-y, --yes', 'do not ask')
    .action(async (_flags: DownFlags, self: Command) => {
      const { runDown } = await import('../compose/operate/down.ts');
      await runDown(self.optsWithGlobals<DownFlags>());
    });
}
