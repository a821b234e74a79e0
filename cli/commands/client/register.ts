import type { Command } from 'commander';
import { repeated } from '../../net/repeated.ts';

export interface RegisterFlags {
  dir: string;
  url?: string;
  name: string;
  redirectUri: string[];
  authMethod?: string;
  grantTypes: string;
  scope?: string;
  resolve: string[];
  json?: boolean;
  quiet?: boolean;
}

/** `mcpgw client register`. */
export function addRegister(client: Command): void {
  client
    .command('register')
    .summary('register a client and print its credentials')
    .description(
      'Registers a client as the operator and prints its credentials once. No limit and no REGISTRATION_TOKEN stands in the way, and no sign-in is waited for. With --url it registers at a public endpoint (RFC 7591), as any client would.',
    )
    .requiredOption('--name <name>', 'what people see when it asks for access')
    .option('--redirect-uri <uri>', 'where the browser goes back to; may be repeated', repeated, [])
    .option(
      '--auth-method <method>',
      'none, client_secret_basic or client_secret_post (default: what the server gives)',
    )
    .option(
      '--grant-types <types>',
      'separated by commas; client_credentials gives tokens to a script, and needs CLIENT_CREDENTIALS=true',
      'authorization_code,refresh_token',
    )
    .option('--scope <scope>', 'separated by spaces (default: what the server gives)')
    .option('--dir <folder>', 'folder of the gateway', '.')
    .option(
      '--url <issuer>',
      'a gateway elsewhere, such as https://auth.example.com, instead of that of the folder',
    )
    .option(
      '--resolve <host:port:address>',
      'with --url: where a name leads, instead of what DNS says; may be repeated',
      repeated,
      [],
    )
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  mcpgw client register --name Desk --redirect-uri http://127.0.0.1/callback\n' +
        '  mcpgw client register --name Backup --scope mcp:memory \\\n' +
        '    --grant-types client_credentials\n' +
        '  mcpgw client register --name App --redirect-uri https://app.example.com/cb \\\n' +
        '    --auth-method none --json\n',
    )
    .action(async (_flags: RegisterFlags, self: Command) => {
      const { runRegister } = await import('../../client/register.ts');
      await runRegister(self.optsWithGlobals<RegisterFlags>());
    });
}
