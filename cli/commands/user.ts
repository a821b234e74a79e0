import type { Command } from 'commander';

export interface UserRevokeFlags {
  dir: string;
  yes?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** `mcpgw user`: the people who sign in to a gateway that runs. */
export function registerUser(program: Command): void {
  program
    .command('user')
    .summary('end the access of a person')
    .description('The people who signed in to the gateway that runs in this folder.')
    .helpCommand(false)
    .command('revoke')
    .summary('end every token and session of a person')
    .description(
      'Ends every token and session of a person, within a second. Whoever may still sign in can do so again: take them off the list of allowed users first.',
    )
    .argument('<user>', 'the id (github:583231), or the login of somebody who was active lately')
    .option('-y, --yes', 'do not ask')
    .option('--dir <folder>', 'folder of the gateway', '.')
    .action(async (user: string, _flags: UserRevokeFlags, self: Command) => {
      const { runUserRevoke } = await import('../user/revoke.ts');
      await runUserRevoke(user, self.optsWithGlobals<UserRevokeFlags>());
    });
}
