import type { Command } from 'commander';

export interface DevFlags {
  services?: string;
  name?: string;
  port: string;
  host: string;
  fresh?: boolean;
  publicUrl?: string;
  dir: string;
}

/** `mcpgw dev`: the whole gateway in one process, without Docker. */
export function registerDev(program: Command): void {
  program
    .command('dev')
    .summary('run the whole gateway here, in one process, without Docker')
    .description(
      'Runs the authorization server, the edge and MCP services in one process on this machine, with path routing. ' +
        'With a command behind --, that stdio server is put behind OAuth, with nothing to configure.',
    )
    .showHelpAfterError("(a server's own command goes behind --; mcpgw dev --help has examples)")
    .argument('[command...]', 'a stdio MCP server to serve, behind --')
    .option('--services <names>', 'services to serve, separated by commas, or "all"')
    .option('--name <name>', 'name of the service behind -- (default: made from the command)')
    .option('--port <port>', 'port to listen on; 0 takes a free one', '8080')
    .option('--host <address>', 'address to listen on', 'localhost')
    .option('--public-url <url>', 'the address that clients use, behind a tunnel or a proxy')
    .option('--fresh', 'forget clients, tokens and keys first (what servers stored stays)')
    .option('--dir <folder>', 'folder with .env and services/; the state goes to .mcpgw/ in it', '.')
    .option('--json', 'print a JSON object for each event')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  mcpgw dev\n' +
        '  mcpgw dev --services everything,memory --port 9000\n' +
        '  mcpgw dev -- npx -y @modelcontextprotocol/server-everything stdio\n',
    )
    .action(async (command: string[], _flags: DevFlags, self: Command) => {
      const { runDev } = await import('../dev/run.ts');
      const flags = self.optsWithGlobals<DevFlags & { json?: boolean; quiet?: boolean }>();
      await runDev(command, flags);
    });
}
