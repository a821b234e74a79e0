import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Catalog, loadCatalog } from '../config/catalog.ts';

/**
 * The built-in catalog of this package, and the user's own that is mounted into the container.
 * @param environment `MCPGW_SERVICES_DIR` names the latter
 */
export function containerCatalog(environment: Record<string, string | undefined>): Catalog {
  const own = environment.MCPGW_SERVICES_DIR;
  return loadCatalog([builtinFolder(), ...(own === undefined ? [] : [own])]);
}

/** From the sources as well as from the compiled files. */
function builtinFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'templates', 'services'))) folder = dirname(folder);
  return join(folder, 'templates', 'services');
}
