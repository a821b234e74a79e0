import { createHash } from 'node:crypto';

/**
 * Name of the folder that holds one user's data: a hash, so that no subject, whatever its provider allows in it, is a
 * path or meets another one on a file system that folds case.
 * @param sub the stable user id, `<provider>:<subject>`
 */
export function userFolder(sub: string): string {
  return createHash('sha256').update(sub).digest('hex').slice(0, 32);
}
