/** `mcpgw policy check`: everything that is wrong with a policy, before a gateway refuses it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnvFile } from '../../runtime/config/env-file.ts';
import { ConfigError } from '../../runtime/config/faults.ts';
import { list } from '../../runtime/config/fields.ts';
import { gather } from '../../runtime/config/load.ts';
import { parsePolicy, type PolicyFile } from '../../runtime/policy/policy-file.ts';
import type { PolicyCheckFlags } from '../commands/policy.ts';
import { UserError } from '../errors.ts';
import { type Environment, type GatewayFolder, openFolder } from '../gateway-folder.ts';
import { createOutput } from '../output.ts';
import { POLICY_FILE } from './file.ts';
import { type FolderPolicy, loadFolderPolicy } from './load.ts';

/** @throws ConfigError with every fault, each with its line and column; UserError for a file that cannot be read */
export function runPolicyCheck(
  file: string | undefined,
  flags: PolicyCheckFlags,
  output = createOutput(flags),
): void {
  const gateway = openFolder(resolve(flags.dir));
  const {
    allowed,
    file: policy,
    hasFile,
  } = file === undefined
    ? loadFolderPolicy(gateway, process.env)
    : { allowed: {}, file: parsed(file, [...gateway.catalog.services.keys()]), hasFile: true };
  const name = file ?? POLICY_FILE;
  const lists = Object.keys(allowed);
  const ofFile = hasFile ? `${name}: ${summary(policy)}` : `There is no ${name}.`;
  const ofLists = lists.length === 0 ? '' : `\n.env: allow-lists of ${lists.join(', ')}.`;
  const warnings = loginWarnings({ allowed, file: policy }, providersOf(gateway, process.env));
  output.result(ofFile + ofLists, { file: hasFile ? name : null, ...facts(policy), lists, warnings });
  for (const warning of warnings) output.warn(warning);
}

function providersOf({ envText = '' }: GatewayFolder, environment: Environment): string[] {
  const { IDENTITY_PROVIDER: text = '' } = gather(environment, parseEnvFile(envText), ['IDENTITY_PROVIDER']);
  return list().parse(text);
}

/** A login says who somebody is at one provider that gives each login once, and nowhere else. */
function loginWarnings(
  { allowed, file }: Pick<FolderPolicy, 'allowed' | 'file'>,
  providers: readonly string[],
): string[] {
  if (providers.length < 2 && !providers.includes('oidc')) return [];
  const entries = [...file.rules.map(({ selectors }) => selectors), ...Object.values(allowed)];
  const logins = entries.flatMap(({ users = [] }) => users.filter((user) => !/[:*]/.test(user)));
  if (logins.length === 0) return [];
  return [
    `with IDENTITY_PROVIDER=${providers.join(',')} others may have, or choose, the login ${[...new Set(logins)].join(' or ')}: name people by id (PROVIDER:SUBJECT, shown by mcpgw audit) or by group.`,
  ];
}

function parsed(file: string, services: string[]): PolicyFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as Error).message}`);
  }
  const result = parsePolicy(text, { file, services });
  if ('faults' in result) throw new ConfigError(result.faults);
  return result.policy;
}

function facts({ default: fallback, rules }: PolicyFile): { default: string; rules: number } {
  return { default: fallback, rules: rules.length };
}

function summary({ default: fallback, rules }: PolicyFile): string {
  const count = rules.length === 1 ? '1 rule' : `${rules.length} rules`;
  return `nothing is wrong with it; ${count}, and the default is ${fallback}.`;
}
