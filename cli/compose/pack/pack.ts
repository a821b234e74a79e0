/** `docker/runtime/mcpgw.tgz`: mcpgw's own code, from which the runtime image is built. Needs neither npm nor tar. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../../errors.ts';
import { packageFiles } from './package-files.ts';
import { tarGz } from './tar.ts';

/** Below the gateway's folder; the build context of the runtime image. */
export const PACKED = 'docker/runtime/mcpgw.tgz';

/**
 * Writes the archive where it is not there yet or differs.
 * @param folder of the gateway, absolute
 * @param root of mcpgw's package
 * @returns SHA-256 of the archive
 */
export function packRuntime(folder: string, root: string): string {
  const archive = tarGz(packageFiles(root));
  const path = join(folder, PACKED);
  if (!existsSync(path) || !readFileSync(path).equals(archive)) {
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(`${path}.tmp`, archive);
      renameSync(`${path}.tmp`, path);
    } catch (error) {
      throw new UserError(`cannot write ${path}: ${(error as Error).message}`);
    }
  }
  return createHash('sha256').update(archive).digest('hex');
}
