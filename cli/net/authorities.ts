import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigValues } from '../../runtime/config/schema.ts';
import { AUTHORITY_CERTIFICATE } from '../tls/paths.ts';

/**
 * @param folder absolute
 * @returns PEM of the authorities that only this gateway knows
 */
export function ownAuthorities(folder: string, { TLS_MODE }: Pick<ConfigValues, 'TLS_MODE'>): string[] {
  const path = join(folder, AUTHORITY_CERTIFICATE);
  return TLS_MODE === 'internal' && existsSync(path) ? [readFileSync(path, 'utf8')] : [];
}
