import type { Command } from 'commander';

export interface UpFlags {
  dir: string;
  build?: boolean;
  wait: boolean;
  timeout: string;
  json?: boolean;
  quiet?: boolean;
}

/** `mcpgw up`: the generated stack, running. */
export function registerUp(program: Command): void {
  program
    .command('up')
    .summary('build and start the stack, and wait until it is healthy')
    .description(
      'Renders what differs from .env, builds the images that are missing or changed, starts the containers and waits ' +
        'until all of them are healthy. Containers that are as they should be are left alone.',
    )
    .argument('[service...]', 'services to start (default: all)')
    .option('--dir <folder>', 'folder of the gateway', '.')
    .option('--build', 'build every image anew, from the cache where it serves')
    .option('--no-wait', 'do not wait until everything is healthy')
    .option('--timeout <seconds>', 'how long to wait for healthy containers', '180')
    .addHelpText('after', '\nExit codes: 0 healthy, 1 could not be built, 3 not healthy, 130 interrupted.\n')
    .action(async (services: string[], _flags: UpFlags, self: Command) => {
      const { runUp } = await import('../up/run.ts');
      await runUp(services, self.optsWithGlobals<UpFlags>());
    });
}
