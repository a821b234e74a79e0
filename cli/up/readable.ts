/** The folder's own services are mounted into containers as they are, with the mode that an editor or a umask gave them. */
import { readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import type { Owner } from '../write.ts';

const READ = 4;
const READ_AND_ENTER = 5;

/**
 * @param folder of the gateway
 * @param user that the containers run as
 * @throws UserError when they could not read a file of `services/`: the authorization server would not start either
 */
export function refuseUnreadable(folder: string, user: Owner): void {
  if (process.platform === 'win32') return;
  const services = join(folder, 'services');
  const found = statSync(services, { throwIfNoEntry: false });
  if (found === undefined) return;
  const fixes = grants(found, user, READ_AND_ENTER) ? [] : ['chmod 755 services'];
  for (const name of readdirSync(services).filter((file) => file.endsWith('.yaml')))
    if (!grants(statSync(join(services, name)), user, READ)) fixes.push(`chmod 644 services/${name}`);
  if (fixes.length === 0) return;
  throw new UserError(
    `containers run as ${user.uid}:${user.gid}, who cannot read all of services/. In ${folder}:\n` +
      fixes.map((fix) => `  ${fix}`).join('\n'),
  );
}

/** @param bits as in one digit of a mode */
function grants({ mode, uid, gid }: Stats, user: Owner, bits: number): boolean {
  const shift = user.uid === uid ? 6 : user.gid === gid ? 3 : 0;
  return ((mode >> shift) & bits) === bits;
}
