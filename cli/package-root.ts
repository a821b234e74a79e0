import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @returns the folder of mcpgw's own package, from the sources as well as from the compiled files */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('package.json of mcpgw not found');
    folder = parent;
  }
  return folder;
}

/** @returns the folder of the built-in service catalog */
export function builtinCatalog(): string {
  return join(packageRoot(), 'templates', 'services');
}
