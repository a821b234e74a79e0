/** `mcpgw policy check`: everything that is wrong with a policy, before a gateway refuses it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../../runtime/config/faults.ts';
import { parsePolicy, type PolicyFile } from '../../runtime/policy/policy-file.ts';
import type { PolicyCheckFlags } from '../commands/policy.ts';
import { UserError } from '../errors.ts';
import { openFolder } from '../gateway-folder.ts';
import { createOutput } from '../output.ts';
import { POLICY_FILE } from './file.ts';
import { loadFolderPolicy } from './load.ts';

/** @throws ConfigError with every fault, each with its line and column; UserError for a file that cannot be read */
export function runPolicyCheck(
  file: string | undefined,
  flags: PolicyCheckFlags,
  output = createOutput(flags),
): void {
  const gateway = openFolder(resolve(flags.dir));
  if (file !== undefined) {
    const policy = parsed(file, [...gateway.catalog.services.keys()]);
    output.result(`${file}: ${summary(policy)}`, { file, ...facts(policy), lists: [] });
    return;
  }
  const { allowed, file: policy, hasFile } = loadFolderPolicy(gateway, process.env);
  const lists = Object.keys(allowed);
  const ofFile = hasFile ? `${POLICY_FILE}: ${summary(policy)}` : `There is no ${POLICY_FILE}.`;
  const ofLists = lists.length === 0 ? '' : `\n.env: allow-lists of ${lists.join(', ')}.`;
  output.result(ofFile + ofLists, { file: hasFile ? POLICY_FILE : null, ...facts(policy), lists });
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
