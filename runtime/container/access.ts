/** The folder from which the container `auth` knows who is let in: `mcpgw generate` writes it, and it is read again all the time. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../config/faults.ts';

const FOLDER = 'MCPGW_ACCESS_DIR';

export interface AccessTexts {
  /** Lines of `.env`: the allow-lists. */
  lists: string;
  /** The policy file; `mcpgw generate` writes an empty one where the operator has none. */
  policy: string;
}

/**
 * @returns undefined when no folder is given, so that the environment says everything
 * @throws ConfigError when a file is missing: what is not known must not be open
 */
export async function readAccess(
  environment: Record<string, string | undefined>,
): Promise<AccessTexts | undefined> {
  const folder = environment[FOLDER];
  if (folder === undefined || folder === '') return undefined;
  const [lists, policy] = await Promise.all([read(folder, 'lists.env'), read(folder, 'policy.yaml')]);
  return { lists, policy };
}

async function read(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), 'utf8');
  } catch (error) {
    const problem = `${name} cannot be read: ${(error as Error).message}. Run mcpgw generate.`;
    throw new ConfigError([{ key: FOLDER, problem }]);
  }
}
