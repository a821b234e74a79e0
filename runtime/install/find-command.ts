import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

/**
 * @param searchPath the value of PATH
 * @returns the absolute path of an executable, as a shell would find it; undefined when there is none
 */
export function findCommand(name: string, searchPath: string, cwd = process.cwd()): string | undefined {
  if (isAbsolute(name)) return executable(name) ? name : undefined;
  if (name.includes('/')) return executable(resolve(cwd, name)) ? resolve(cwd, name) : undefined;
  return searchPath
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(executable);
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
