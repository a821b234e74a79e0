/** The table of commands: metadata only. What a command needs is loaded when it runs, so that `--help` is quick. */
import { Command, Help, type Option } from 'commander';
import { registerAudit } from './commands/audit.ts';
import { registerClient } from './commands/client/index.ts';
import { registerDev } from './commands/dev.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerGenerate } from './commands/generate.ts';
import { registerHealth } from './commands/health.ts';
import { registerInit } from './commands/init.ts';
import { registerServices } from './commands/services.ts';
import { registerDown } from './commands/down.ts';
import { registerExec } from './commands/exec.ts';
import { registerKeys } from './commands/keys.ts';
import { registerLogs } from './commands/logs.ts';
import { registerPolicy } from './commands/policy.ts';
import { registerPs } from './commands/ps.ts';
import { registerRebuild } from './commands/rebuild.ts';
import { registerRestart } from './commands/restart.ts';
import { registerTrust } from './commands/trust.ts';
import { registerUser } from './commands/user.ts';
import { registerUp } from './commands/up.ts';
import { mcpgwVersion } from './version.ts';

/** @returns the program; it throws a `CommanderError` instead of ending the process */
export function createProgram(): Command {
  const program = new Command('mcpgw')
    .description('Puts OAuth 2.1 in front of any MCP server, without changing the server.')
    .version(mcpgwVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .enablePositionalOptions()
    // Below its usual 40, so that long names of commands do not keep a line of 80 columns from being wrapped.
    .configureHelp({ minWidthToWrap: 24, optionDescription })
    .addHelpText(
      'after',
      '\nThe gateway on this machine, and a deployment in this folder:\n  mcpgw dev\n  mcpgw init && mcpgw up\n',
    )
    .showHelpAfterError('(mcpgw --help lists the commands, mcpgw COMMAND --help their options)');
  registerDev(program);
  registerInit(program);
  registerGenerate(program);
  registerDoctor(program);
  registerUp(program);
  registerDown(program);
  registerRestart(program);
  registerRebuild(program);
  registerPs(program);
  registerLogs(program);
  registerExec(program);
  registerHealth(program);
  registerServices(program);
  registerClient(program);
  registerUser(program);
  registerKeys(program);
  registerPolicy(program);
  registerAudit(program);
  registerTrust(program);
  registerHelp(program);
  addOutputOptions(program);
  // The output of exec is that of the command.
  for (const command of leaves(program)) if (command.name() !== 'exec') addOutputOptions(command);
  throwInsteadOfExit(program);
  return program;
}

/** Without the empty list that an option which may be repeated starts from. */
function optionDescription(option: Option): string {
  return new Help().optionDescription(option).replace(/ \(default: \[\]\)$/, '');
}

/** Commander's own `help` shows a command without the options that are added when it is the one. */
function registerHelp(program: Command): void {
  program
    .command('help')
    .summary('print the help of a command')
    .argument('[command...]')
    .action(async (names: string[]) => {
      await program.parseAsync([...names, '--help'], { from: 'user' });
    });
}

/** `--json` and `--quiet` are global, and understood before and behind the command's name. */
function addOutputOptions(command: Command): void {
  const has = (flag: string) => command.options.some((option) => option.long === flag);
  if (!has('--json')) command.option('--json', 'print the result as JSON');
  if (!has('--quiet')) command.option('-q, --quiet', 'print the result and warnings, nothing else');
}

function leaves(command: Command): Command[] {
  return command.commands.flatMap((child) => (child.commands.length === 0 ? [child] : leaves(child)));
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwInsteadOfExit(child);
}
