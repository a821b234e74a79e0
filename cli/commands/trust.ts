import type { Command } from 'commander';

export interface TrustFlags {
  dir: string;
  json?: boolean;
  quiet?: boolean;
}

/** `mcpgw trust`: the commands that make this machine trust the gateway's local authority. */
export function registerTrust(program: Command): void {
  program
    .command('trust')
    .summary('show how to trust the local authority (TLS_MODE internal)')
    .description(
      'Prints where the certificate of the local authority is, and the commands that make this machine and its clients ' +
        'trust it. It runs none of them.',
    )
    .option('--dir <folder>', 'folder of the gateway', '.')
    .action(async (_flags: TrustFlags, self: Command) => {
      const { runTrust } = await import('../tls/run-trust.ts');
      runTrust(self.optsWithGlobals<TrustFlags>());
    });
}
