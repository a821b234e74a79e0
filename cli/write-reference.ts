/** `npm run docs`: puts the configuration reference into README.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadCatalog } from '../runtime/config/catalog.ts';
import { configReference, withReference } from './config-reference.ts';
import { builtinCatalog, packageRoot } from './package-root.ts';

const path = join(packageRoot(), 'README.md');
writeFileSync(
  path,
  withReference(readFileSync(path, 'utf8'), configReference(loadCatalog([builtinCatalog()]))),
);
