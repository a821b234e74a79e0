import type { Service } from '../config/catalog.ts';
import { findCommand } from './find-command.ts';

/**
 * @param searchPath the value of PATH
 * @returns what to install so that the service can run as a process here, in words; empty when everything is there
 */
export function missingHere({ requires }: Service, searchPath: string): string[] {
  return requires
    .filter(({ command, or }) =>
      [command, ...or].every((name) => findCommand(name, searchPath) === undefined),
    )
    .map(({ install }) => install);
}
