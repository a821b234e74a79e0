/** Who may use what, as a folder says it now: the allow-lists of services in `.env`, and `policy.yaml`. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  allowListKeys,
  parseAllowLists,
  type ServiceAllowLists,
  unknownAllowLists,
} from '../../runtime/config/access.ts';
import { parseEnvFile } from '../../runtime/config/env-file.ts';
import { ConfigError } from '../../runtime/config/faults.ts';
import { gather } from '../../runtime/config/load.ts';
import { parsePolicy, type PolicyFile } from '../../runtime/policy/policy-file.ts';
import type { Environment, GatewayFolder } from '../gateway-folder.ts';
import { readPolicyFile } from './file.ts';

export interface FolderPolicy {
  /** By service. */
  allowed: ServiceAllowLists;
  file: PolicyFile;
  /** Whether there is a `policy.yaml`. */
  hasFile: boolean;
}

/**
 * @param environment of the process, which goes before `.env`
 * @throws ConfigError with every fault
 */
export function loadFolderPolicy(
  { folder, catalog, envText = '' }: GatewayFolder,
  environment: Environment,
): FolderPolicy {
  const services = [...catalog.services.keys()];
  const env = parseEnvFile(envText);
  const keys = services.flatMap((name) => Object.values(allowListKeys(name)));
  const read = (path: string) => readFileSync(resolve(folder, path), 'utf8');
  const { allowed, faults } = parseAllowLists(gather(environment, env, keys, read), services);
  const text = readPolicyFile(folder);
  const parsed = parsePolicy(text ?? '', { services });
  const ofFile = 'faults' in parsed ? parsed.faults : [];
  const all = [...unknownAllowLists(Object.keys(env), services), ...faults, ...ofFile];
  if (all.length > 0 || 'faults' in parsed) throw new ConfigError(all);
  return { allowed, file: parsed.policy, hasFile: text !== undefined };
}
