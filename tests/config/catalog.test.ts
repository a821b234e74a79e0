import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { builtinCatalog } from '../../cli/package-root.ts';
import { CatalogError, loadCatalog, parseService } from '../../runtime/config/catalog.ts';
import { faultLine } from '../../runtime/config/faults.ts';
import { routeTable } from '../../runtime/config/routes.ts';
import { temporaryFolder } from '../cli/support/run-init.ts';

const MINIMAL = 'title: T\ndescription: D\nkind: proxy\ncommand: [x]\n';
const problems = (yaml: string, file = 'mine.yaml') => {
  const result = parseService(yaml, file);
  return 'faults' in result ? result.faults.map(faultLine) : [];
};

describe('the built-in catalog', () => {
  const { services } = loadCatalog([builtinCatalog()]);

  test('pins what it installs, and says what it stores', () => {
    for (const { name, package: source, data } of services.values()) {
      if (source !== undefined) expect(source.version, name).toMatch(/^\d+\.\d+\.\d+$/);
      if (['memory', 'filesystem'].includes(name)) expect(data).toBe('user');
    }
  });

  test('hands tokens to the echo diagnostics alone', () => {
    const passing = [...services.values()]
      .filter(({ passAuthorization }) => passAuthorization)
      .map(({ name }) => name);
    expect(passing).toEqual(['echo-stateful', 'echo-stateless']);
  });
});

describe('a catalog file', () => {
  test('without a title is told that it has none', () => {
    const yaml = `name: mine\n${MINIMAL}`;
    expect(problems(yaml.replace('title: T', 'title: ""'))).toEqual(['mine.yaml title: is empty']);
    expect(problems(yaml.replace('title: T\n', ''))).toEqual(['mine.yaml title: is missing']);
  });

  test('is a service with defaults', () => {
    expect(parseService(`name: mine\n${MINIMAL}`, 'mine.yaml')).toEqual({
      service: {
        ...{ name: 'mine', title: 'T', description: 'D', kind: 'proxy', command: ['x'] },
        ...{ args: [], env: {}, requires: [] },
        data: 'none',
        process: 'session',
        // What gives a server more than it needs is said, not assumed.
        container: { base: 'node', apt: [], memory: '256m', internet: false },
        clientRoots: false,
        passAuthorization: false,
        default: false,
        planned: false,
      },
    });
  });

  test.each([
    ['name: [', /is not YAML/],
    ['name: mine\ntitle: T\ndescription: D\nkind: proxy\n', /either package or command/],
    [`name: mine\n${MINIMAL}package: { npm: a, version: 1.0.0, bin: a }\n`, /either package or command/],
    [`name: other\n${MINIMAL}`, /must be "mine"/],
    [`name: Mine\n${MINIMAL}`, /lower-case/],
    [
      `name: mine\ntitle: T\ndescription: D\nkind: proxy\npackage: { npm: "a'; rm", version: 1.0.0, bin: a }\n`,
      /not the name of an npm package|Invalid/,
    ],
    [`name: mine\n${MINIMAL}container: { apt: ['a b'] }\n`, /not the name of a Debian package/],
    [`name: mine\n${MINIMAL}colour: red\n`, /colour/],
    [`name: mine\n${MINIMAL}data: user\nprocess: shared\n`, /cannot be shared/],
    [`name: mine\n${MINIMAL}remote: { url: 'https://a.example/mcp' }\n`, /only a service of the kind remote/],
    ['name: mine\ntitle: T\ndescription: D\nkind: remote\n', /needs remote/],
    ...['command: [x]', 'args: [x]', 'env: { A: { value: x } }', 'data: user'].map(
      (line): [string, RegExp] => [
        `name: mine\ntitle: T\ndescription: D\nkind: remote\nremote: { url: 'https://a.example/mcp' }\n${line}\n`,
        /its server runs elsewhere/,
      ],
    ),
    [`name: mine\n${MINIMAL}env: { 'A B': { value: x } }\n`, /not the name of an environment variable/],
    [`name: mine\n${MINIMAL}container: { memory: lots }\n`, /mebibytes/],
  ])('%j', (yaml, problem) => {
    expect(problems(yaml).join('\n')).toMatch(problem);
  });

  test.each([
    ['{ npm: --registry, version: 1.0.0, bin: a }', 'npm', 'an npm package'],
    ["{ npm: '@scope/..', version: 1.0.0, bin: a }", 'npm', 'an npm package'],
    ['{ pypi: -r, version: 1.0.0, bin: a }', 'pypi', 'a PyPI package'],
    ['{ npm: a, version: 1.0.0, bin: .. }', 'bin', 'a command'],
    ['{ pypi: a, version: 1.0.0, bin: -e }', 'bin', 'a command'],
  ])('package: %s', (source, key, what) => {
    const yaml = `name: mine\ntitle: T\ndescription: D\nkind: proxy\npackage: ${source}\n`;
    expect(problems(yaml)).toEqual([`mine.yaml package.${key}: is not the name of ${what}`]);
  });

  test('cannot take a name that the gateway uses itself', () => {
    const table = routeTable({ mode: 'path', scheme: 'https', domain: 'x', services: [] });
    const paths = table.flatMap(({ paths: all }) =>
      all.map((match) => ('exact' in match ? match.exact : match.prefix)),
    );
    const segments = paths
      .map((path) => path.split('/')[1] as string)
      .filter((segment) => !segment.startsWith('.'));
    for (const name of [...segments, 'auth', 'redis', 'traefik', 'runtime', 'verify', 'health', 'metrics']) {
      expect(problems(`name: ${name}\n${MINIMAL}`, `${name}.yaml`).join(), name).toContain(
        'the gateway needs itself',
      );
    }
  });
});

test('a folder’s own services come beside ours and in place of them, and every fault is reported', () => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'mine.yaml'), `name: mine\n${MINIMAL}`);
  writeFileSync(join(folder, 'memory.yaml'), `name: memory\n${MINIMAL}`);
  const { services } = loadCatalog([builtinCatalog(), folder, join(folder, 'absent')]);
  expect(services.get('memory')?.title).toBe('T');
  expect([...services.keys()]).toEqual([...services.keys()].sort());
  expect(services.size).toBe(12);

  writeFileSync(join(folder, 'a.yaml'), 'x: 1');
  writeFileSync(join(folder, 'b.yaml'), 'name: [');
  expect(() => loadCatalog([folder])).toThrow(CatalogError);
  expect(() => loadCatalog([folder])).toThrow(/a\.yaml[^]*b\.yaml/);
  // What is no folder, or no file.
  mkdirSync(join(folder, 'sub', 'c.yaml'), { recursive: true });
  for (const path of ['a.yaml', 'sub']) {
    expect(() => loadCatalog([join(folder, path)])).toThrow(CatalogError);
    expect(() => loadCatalog([join(folder, path)])).toThrow(/cannot be read \(E\w+\)/);
  }
});
