import type { Command } from 'commander';

export interface GenerateFlags {
  dir: string;
  check?: boolean;
  diff?: boolean;
  force?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** `mcpgw generate`: every generated file, from `.env`. */
export function registerGenerate(program: Command): void {
  program
    .command('generate')
    .summary('render every generated file from .env')
    .description("Renders the Compose file, Traefik's configuration and the Dockerfiles from .env.")
    .option('--dir <folder>', 'folder with .env and services/', '.')
    .option('--check', 'write nothing; exit 1 and name what differs')
    .option('--diff', 'write nothing; show what would change')
    .option('--force', 'replace generated files that were edited by hand')
    .action(async (_flags: GenerateFlags, self: Command) => {
      const { runGenerate } = await import('../generate/run.ts');
      await runGenerate(self.optsWithGlobals<GenerateFlags>());
    });
}
