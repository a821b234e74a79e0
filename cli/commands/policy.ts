import type { Command } from 'commander';
import { repeated } from '../net/repeated.ts';

export interface PolicyCheckFlags {
  dir: string;
  json?: boolean;
  quiet?: boolean;
}

export interface PolicyExplainFlags extends PolicyCheckFlags {
  user: string[];
  groups?: string;
  client?: string;
  service: string;
  tool?: string;
}

/** `mcpgw policy`: who may use what, as `.env` and `policy.yaml` of a folder say it. */
export function registerPolicy(program: Command): void {
  const policy = program
    .command('policy')
    .summary('check and explain who may use what')
    .description('Who may use which service and tool, as .env and policy.yaml of a folder say it.')
    .helpCommand(false);
  policy
    .command('check')
    .summary('find what is wrong with a policy')
    .description(
      'Says everything that is wrong with a policy file, with line and column. Without FILE: with policy.yaml and the allow-lists of services in .env. Exits with 1 when there is something.',
    )
    .argument('[file]', 'a policy file (default: policy.yaml of the folder)')
    .option('--dir <folder>', 'folder with .env, policy.yaml and services/', '.')
    .action(async (file: string | undefined, _flags: PolicyCheckFlags, self: Command) => {
      const { runPolicyCheck } = await import('../policy/check.ts');
      runPolicyCheck(file, self.optsWithGlobals<PolicyCheckFlags>());
    });
  policy
    .command('explain')
    .summary('say whether somebody may use a service or tool, and why')
    .description(
      'Says whether somebody who signed in may use a service or a tool of it, and which rule or list decides. Exits with 0 where they may, with 1 where not. Who may sign in at all is not asked here.',
    )
    .requiredOption(
      '--user <user>',
      'login, or id as PROVIDER:SUBJECT (mcpgw audit shows ids); repeat it to give both',
      repeated,
    )
    .option('--groups <groups>', 'their groups, separated by commas, such as github:my-company')
    .option('--client <id>', 'id of the client that they use')
    .requiredOption('--service <name>', 'the service')
    .option('--tool <name>', 'a tool of it')
    .option('--dir <folder>', 'folder with .env, policy.yaml and services/', '.')
    .action(async (_flags: PolicyExplainFlags, self: Command) => {
      const { runPolicyExplain } = await import('../policy/explain.ts');
      runPolicyExplain(self.optsWithGlobals<PolicyExplainFlags>());
    });
}
