import { type Command, Option } from 'commander';
import { EXIT, UserError } from '../errors.ts';
import { repeated } from '../net/repeated.ts';

export interface ServicesListFlags {
  dir: string;
  json?: boolean;
  quiet?: boolean;
}

export interface ServicesAddFlags extends ServicesListFlags {
  title?: string;
  description?: string;
  version?: string;
  url?: string;
  header?: string[];
  secretHeader?: string[];
  env?: string[];
  secret?: string[];
  secretFile?: string[];
  data?: string;
  process?: string;
  memory?: string;
  internet?: boolean;
  apt?: string[];
  clientRoots?: boolean;
  force?: boolean;
  dryRun?: boolean;
}

export interface ServicesRemoveFlags extends ServicesListFlags {
  yes?: boolean;
}

/** `mcpgw services`: the catalog, and the folder's own servers in it. */
export function registerServices(program: Command): void {
  const services = program
    .command('services')
    .summary('list MCP services, and add your own servers')
    .description('The catalog of MCP services: ours, and your own in services/ of the folder.')
    .helpCommand(false);
  inFolder(
    services
      .command('list')
      .summary('list the services')
      .description('Lists every MCP service of the catalog: ours, and those in services/ of the folder.'),
  ).action(async (_flags: ServicesListFlags, self: Command) => {
    const { runServicesList } = await import('../services/list.ts');
    runServicesList(self.optsWithGlobals<ServicesListFlags>());
  });
  registerAdd(services);
  inFolder(
    services
      .command('show')
      .summary('show a service')
      .description('Shows what the catalog says of a service, and whether its secrets have a value.')
      .argument('<name>'),
  ).action(async (name: string, _flags: ServicesListFlags, self: Command) => {
    const { runServicesShow } = await import('../services/show.ts');
    runServicesShow(name, self.optsWithGlobals<ServicesListFlags>());
  });
  inFolder(
    services
      .command('remove')
      .summary('remove a server of your own')
      .description(
        'Removes a server of your own: its catalog file, and its lines and secrets in .env. What it stored stays.',
      )
      .argument('<name>')
      .option('-y, --yes', 'do not ask'),
  ).action(async (name: string, _flags: ServicesRemoveFlags, self: Command) => {
    const { runServicesRemove } = await import('../services/remove.ts');
    await runServicesRemove(name, self.optsWithGlobals<ServicesRemoveFlags>());
  });
}

function registerAdd(services: Command): void {
  inFolder(
    services
      .command('add')
      .summary('add a server of your own')
      .description(
        'Adds an MCP server of your own as a service, behind the same sign-in as the others. ' +
          'A package that npx, uvx and the like would start is fetched once, at the version of today or of --version; ' +
          'any other command is taken from the machine, or in containers from the image. ' +
          'With --url it is a server elsewhere, which speaks Streamable HTTP.',
      )
      .argument('<name>', 'its name in URLs: lower-case letters, digits and -')
      .argument('[command...]', 'the command that starts it as a stdio server, behind --')
      .showHelpAfterError(
        '(the command that starts the server goes behind --; mcpgw services add --help has examples)',
      ),
  )
    .option('--title <text>', 'what people read when they give access')
    .option('--description <text>', 'what it does')
    .option('--version <version>', 'version of the package (default: the current one)')
    .option('--url <url>', 'address of a server elsewhere, instead of a command')
    .option('--header <name=value>', 'a header of each request to it; may be repeated', repeated)
    .option('--secret-header <name>', 'a header whose value is a secret; may be repeated', repeated)
    .option('--env <name=value>', 'a variable of its environment; may be repeated', repeated)
    .option('--secret <name>', 'a variable whose value is a secret; may be repeated', repeated)
    .option('--secret-file <name=path>', 'file that holds the value of a secret; may be repeated', repeated)
    .addOption(
      new Option('--data <whose>', 'what it stores, in {data} of arguments and variables').choices([
        'none',
        'user',
        'shared',
      ]),
    )
    .addOption(
      new Option('--process <model>', 'a process for each session, each user, or all').choices([
        'session',
        'user',
        'shared',
      ]),
    )
    .option('--memory <size>', 'memory of its container, in mebibytes (default: 512m; with --url 256m)')
    .option('--internet', 'its container may reach the internet')
    .option('--apt <package>', 'Debian package that its image needs; may be repeated', repeated)
    .option('--client-roots', 'clients may name folders to it (MCP roots)')
    .option('--force', 'replace a service of that name')
    .option('--dry-run', 'show what would be written, and write nothing')
    .addHelpText(
      'after',
      '\nA secret is never an argument: its value comes from --secret-file, from the\n' +
        'variable of that name in the environment, from standard input, or from a\n' +
        'question. It is kept in .env, or where it has several lines in a file in\n' +
        'secrets/.\n' +
        '\nExamples:\n' +
        '  mcpgw services add github --secret GITHUB_TOKEN -- npx -y @scope/server\n' +
        '  mcpgw services add notes --data user -- uvx notes-server --folder {data}\n' +
        '  mcpgw services add far --secret-header Authorization --url https://a.example/\n',
    )
    .action(async (name: string, command: string[], _flags: ServicesAddFlags, self: Command) => {
      refuseNameless(self);
      const { runServicesAdd } = await import('../services/add/run.ts');
      await runServicesAdd(name, command, self.optsWithGlobals<ServicesAddFlags>());
    });
}

/** Without a name, commander takes the first word behind `--` for it. */
function refuseNameless(self: Command): void {
  let root = self;
  while (root.parent !== null) root = root.parent;
  const words = (root as Command & { rawArgs: string[] }).rawArgs;
  const at = words.indexOf('--');
  if (at === -1 || self.args.length > words.length - at - 1) return;
  throw new UserError(
    'give the service a name, before --, such as: mcpgw services add github -- npx -y @scope/server',
    EXIT.usage,
  );
}

function inFolder(command: Command): Command {
  return command.option('--dir <folder>', 'folder with .env and services/', '.');
}
