import type { Command } from 'commander';

export interface ServicesListFlags {
  dir: string;
  json?: boolean;
  quiet?: boolean;
}

/** `mcpgw services list`: the catalog, and what of it is enabled here. */
export function registerServices(program: Command): void {
  const services = program
    .command('services')
    .summary('see the catalog of MCP services')
    .description('The catalog of MCP services.')
    .helpCommand(false);
  services
    .command('list')
    .summary('list the services')
    .description('Lists every MCP service of the catalog: ours, and those in services/ of the folder.')
    .option('--dir <folder>', 'folder with .env and services/', '.')
    .action(async (_flags: ServicesListFlags, self: Command) => {
      const { runServicesList } = await import('../services/list.ts');
      runServicesList(self.optsWithGlobals<ServicesListFlags>());
    });
}
