/** The policy file of a gateway's folder, beside `.env`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const POLICY_FILE = 'policy.yaml';

/** @returns its text, or undefined where there is none */
export function readPolicyFile(folder: string): string | undefined {
  const path = join(folder, POLICY_FILE);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
