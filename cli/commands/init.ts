import type { Command } from 'commander';

/** `mcpgw init`: questions → `.env` and every generated file. */
export function registerInit(program: Command): void {
  const init = program
    .command('init')
    .summary('answer a few questions, get a complete gateway on disk')
    .description(
      'Asks what a gateway needs to know, makes its secrets, and writes .env and every generated file.',
    );
  // The options come from the schema, which is only loaded when this command is the one.
  program.hook('preSubcommand', async (_program, command) => {
    if (command !== init) return;
    const { addInitOptions } = await import('../init/options.ts');
    addInitOptions(init);
  });
  init.action(async (_flags: unknown, self: Command) => {
    const { runInit } = await import('../init/run.ts');
    await runInit(self.optsWithGlobals());
  });
}
