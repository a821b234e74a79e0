// Writes npm-shrinkwrap.json for the tarball: the lock file without what only development needs. A package-lock.json is
// not packed, so without this the versions of an installed mcpgw would float.
import { readFileSync, writeFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
for (const [path, entry] of Object.entries(lock.packages)) {
  if (entry.dev || entry.devOptional) delete lock.packages[path];
}
delete lock.packages[''].devDependencies;
writeFileSync('npm-shrinkwrap.json', `${JSON.stringify(lock, null, 2)}\n`);
