import type { Command } from 'commander';

export interface KeysFlags {
  dir: string;
  json?: boolean;
  quiet?: boolean;
}

export interface KeysRotateFlags extends KeysFlags {
  now?: boolean;
  revokeOld?: boolean;
  yes?: boolean;
}

/** `mcpgw keys`: the keys that sign the access tokens of a gateway that runs. */
export function registerKeys(program: Command): void {
  const keys = program
    .command('keys')
    .summary('list and rotate the signing keys')
    .description('The keys that sign access tokens, of the gateway that runs in this folder.')
    .helpCommand(false);
  keys
    .command('list')
    .summary('list the keys')
    .description('Lists the signing keys, newest first.')
    .option('--dir <folder>', 'folder of the gateway', '.')
    .action(async (_flags: KeysFlags, self: Command) => {
      const { runKeysList } = await import('../keys/list.ts');
      await runKeysList(self.optsWithGlobals<KeysFlags>());
    });
  keys
    .command('rotate')
    .summary('make a new signing key')
    .description(
      'Makes a new key. It is published now and signs ten minutes later, when everybody who keeps the keys has it; the one before it verifies until its tokens have ended. Nobody signs in again.',
    )
    .option('--now', 'sign with it in two seconds')
    .option('--revoke-old', 'a key has leaked: remove the former ones now, which ends every access token')
    .option('-y, --yes', 'do not ask')
    .option('--dir <folder>', 'folder of the gateway', '.')
    .action(async (_flags: KeysRotateFlags, self: Command) => {
      const { runKeysRotate } = await import('../keys/rotate.ts');
      await runKeysRotate(self.optsWithGlobals<KeysRotateFlags>());
    });
}
