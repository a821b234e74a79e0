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

/**
 * Where an argument of the catalog is the path of a required program, as in containers, the one that is here takes its place.
 * @param searchPath the value of PATH
 */
export function withProgramsHere(service: Service, searchPath: string): Service {
  const places = new Map(
    service.requires
      .filter(({ command }) => command.includes('/'))
      .map(({ command, or }) => {
        const found = [command, ...or].map((name) => findCommand(name, searchPath)).find(Boolean);
        return [command, found ?? command];
      }),
  );
  return { ...service, args: service.args.map((word) => places.get(word) ?? word) };
}
