/** From a catalog entry to what starts it on this machine. */
import type { Service } from '../config/catalog.ts';
import { findCommand } from './find-command.ts';
import { InstallError, type InstallOptions, type Launch } from './launch.ts';
import { missingHere } from './missing.ts';
import { installNpm } from './npm.ts';
import { ownServer } from './own-server.ts';
import { installPypi } from './pypi.ts';
import { resolveCommand, type ResolveOptions } from './resolve.ts';

/**
 * Fetches the server's package where that is still to do.
 * @throws InstallError when the machine lacks what the server needs, or it cannot be fetched
 */
export async function installService(
  service: Service,
  searchPath: string,
  options: InstallOptions & Partial<Pick<ResolveOptions, 'cwd' | 'onNote'>>,
): Promise<Launch> {
  const missing = missingHere(service, searchPath);
  if (missing.length > 0) throw new InstallError(`needs ${missing.join('; ')}`);
  const { package: source, command } = service;
  if (source !== undefined)
    return 'npm' in source ? installNpm(source, options) : installPypi(source, searchPath, options);
  const [name = '', ...args] = command ?? [];
  const own = ownServer(name);
  if (own !== undefined) return own;
  const resolved = await resolveCommand(command ?? [], { cwd: process.cwd(), ...options, searchPath });
  if (resolved !== undefined) return resolved;
  const file = findCommand(name, searchPath);
  if (file === undefined) throw new InstallError(`there is no command ${name} on this machine`);
  return { file, args };
}
