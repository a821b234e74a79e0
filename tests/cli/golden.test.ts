import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isTlsMaterial } from '../../cli/tls/paths.ts';
import { GOLDEN_CASES, prepare } from './support/cases.ts';
import { readAll, runInit, temporaryFolder } from './support/run-init.ts';

const GOLDEN = join(import.meta.dirname, '..', 'golden');

/** A `.gitignore` in the tree would keep half of it out of the repository. */
const stored = (path: string) => (path === '.gitignore' ? 'gitignore' : path);

describe('the tree that init makes', () => {
  test.each(Object.entries(GOLDEN_CASES))(
    '%s is as in tests/golden (UPDATE_GOLDEN=1 renews it)',
    async (name, flags) => {
      const folder = temporaryFolder();
      prepare(name, folder);
      await runInit({ ...flags, dir: folder });
      // A certificate is another one each time: tests/cli/tls looks at those.
      const files = [...readAll(folder)].filter(([path]) => !isTlsMaterial(path));
      const made = new Map(files.map(([path, text]) => [stored(path), text]));
      const golden = join(GOLDEN, name);
      if (process.env.UPDATE_GOLDEN === '1') replace(golden, made);
      expect(existsSync(golden), `${golden} is missing: run with UPDATE_GOLDEN=1`).toBe(true);
      expect(Object.fromEntries(made)).toEqual(Object.fromEntries(readAll(golden)));
    },
  );
});

function replace(golden: string, tree: Map<string, string>): void {
  rmSync(golden, { recursive: true, force: true });
  for (const [path, text] of tree) {
    mkdirSync(dirname(join(golden, path)), { recursive: true });
    writeFileSync(join(golden, path), text);
  }
}
