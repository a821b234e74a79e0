import { type Command, InvalidArgumentError } from 'commander';

export interface AuditFlags {
  dir: string;
  limit: number;
  follow?: boolean;
  user?: string;
  client?: string;
  event?: string;
  json?: boolean;
  quiet?: boolean;
}

/** `mcpgw audit`: what happened lately that matters for security. */
export function registerAudit(program: Command): void {
  program
    .command('audit')
    .summary('show the recent security events')
    .description(
      'Shows who registered, signed in, agreed, was refused or lost access: the last thousand events, oldest first. mcpgw logs auth has all of them.',
    )
    .option('--dir <folder>', 'folder of the gateway', '.')
    .option('-n, --limit <count>', 'show at most so many', count, 50)
    .option('-f, --follow', 'go on with what comes')
    .option('--user <user>', 'of this person: the id, or the login')
    .option('--client <id>', 'of this client')
    .option('--event <name>', 'of this kind, such as signed_in')
    .action(async (_flags: AuditFlags, self: Command) => {
      const { runAudit } = await import('../audit/run.ts');
      await runAudit(self.optsWithGlobals<AuditFlags>());
    });
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 1_000) return value;
  throw new InvalidArgumentError('It is a number from 1 to 1000.');
}
