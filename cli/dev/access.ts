/** Who may come in and use what, for `mcpgw dev`: `.env` and `policy.yaml` of its folder, read again all the time. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../runtime/config/faults.ts';
import type { AccessSource } from '../../runtime/embedded/access.ts';
import { parsePolicy } from '../../runtime/policy/policy-file.ts';
import { POLICY_FILE } from '../policy/file.ts';
import type { DevConfig } from './values.ts';

interface Texts {
  env: string | undefined;
  policy: string | undefined;
}

/**
 * @param folder absolute
 * @param services names that a rule may name
 * @param configOf the configuration as the folder says it now
 */
export function devAccess(folder: string, services: string[], configOf: () => DevConfig): AccessSource {
  const seen = new Set<string>();
  /** An editor may take a file away for a moment; what it said must not be lifted by that. */
  const read = async (name: string): Promise<string | undefined> => {
    try {
      const text = await readFile(join(folder, name), 'utf8');
      seen.add(name);
      return text;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      if (seen.has(name)) throw new Error(`${name} is gone; to lift its rules, empty it`, { cause: error });
      return undefined;
    }
  };
  return {
    read: async (): Promise<Texts> => ({ env: await read('.env'), policy: await read(POLICY_FILE) }),
    load: (texts) => {
      const { policy } = texts as Texts;
      const result = parsePolicy(policy ?? '', { services });
      if ('faults' in result) throw new ConfigError(result.faults);
      const { values, allowed } = configOf();
      return { values, allowed, policy };
    },
  };
}
