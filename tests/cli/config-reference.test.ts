import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configReference, REFERENCE_MARKS, withReference } from '../../cli/config-reference.ts';
import { builtinCatalog, packageRoot } from '../../cli/package-root.ts';
import { loadCatalog } from '../../runtime/config/catalog.ts';
import { knownKeys } from '../../runtime/config/load.ts';

const catalog = loadCatalog([builtinCatalog()]);
const { begin, end } = REFERENCE_MARKS;

describe('the configuration reference', () => {
  test('has every key', () => {
    const reference = configReference(catalog);
    const lists = /^MCP_.*(?=_(?:ALLOWED_(?:USERS|GROUPS)|PROCESS|SPARE_CHILDREN)$)/;
    for (const key of knownKeys(catalog))
      expect(reference).toContain(`| \`${key.replace(lists, 'MCP_<SERVICE>')}\` |`);
  });

  test('goes between its marks', () => {
    expect(withReference(`a\n${begin}\nold\n${end}\nb`, 'new')).toBe(`a\n${begin}\n\nnew\n\n${end}\nb`);
    expect(() => withReference('a', 'new')).toThrow(begin);
  });

  test('in README.md is the present one (npm run docs renews it)', () => {
    const path = join(packageRoot(), 'README.md');
    expect(existsSync(path), 'README.md is missing').toBe(true);
    const readme = readFileSync(path, 'utf8');
    expect(readme).toBe(withReference(readme, configReference(catalog)));
  });
});
