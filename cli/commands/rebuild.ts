import type { Command } from 'commander';

export interface RebuildFlags {
  dir: string;
  wait: boolean;
  timeout: string;
  json?: boolean;
  quiet?: boolean;
}

/** `mcpgw rebuild`: images without the cache, then as `up`. */
export function registerRebuild(program: Command): void {
  program
    .command('rebuild')
    .summary('build images from nothing, and recreate what changed')
    .description(
      'Builds the images without the cache, so that Debian packages and dependencies are fetched again, then does what ' +
        'up does. Only containers whose image came out different are recreated.',
    )
    .argument('[service...]', 'services to rebuild (default: all)')
    .option('--dir <folder>', 'folder of the gateway', '.')
    .option('--no-wait', 'do not wait until everything is healthy')
    .option('--timeout <seconds>', 'how long to wait for healthy containers', '180')
    .action(async (services: string[], _flags: RebuildFlags, self: Command) => {
      const { runUp } = await import('../up/run.ts');
      await runUp(services, { ...self.optsWithGlobals<RebuildFlags>(), build: true, noCache: true });
    });
}
