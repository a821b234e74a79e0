import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { packageFiles, runtimeManifest, shrinkwrap } from '../../../cli/compose/pack/package-files.ts';
import { PACKED, packRuntime } from '../../../cli/compose/pack/pack.ts';
import { tarGz } from '../../../cli/compose/pack/tar.ts';
import { packageRoot } from '../../../cli/package-root.ts';
import { temporaryFolder } from '../support/run-init.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** A package as a clone has it after a build. */
function clone(): string {
  const root = temporaryFolder();
  const files: Record<string, string> = {
    'package.json': JSON.stringify({
      name: 'mcpgw',
      version: '1.0.0',
      type: 'module',
      scripts: { x: 'y' },
      dependencies: { a: '1' },
      devDependencies: { b: '1' },
    }),
    'package-lock.json': JSON.stringify({
      ...{ name: 'mcpgw', lockfileVersion: 3 },
      packages: {
        '': { dependencies: { a: '1' }, devDependencies: { b: '1' } },
        'node_modules/a': { version: '1.0.0' },
        'node_modules/b': { version: '1.0.0', dev: true },
        'node_modules/c': { version: '1.0.0', devOptional: true },
      },
    }),
    'dist/runtime/main.js': 'main',
    'dist/cli/main.js': 'not for containers',
    'templates/services/time.yaml': 'name: time',
    'templates/compose.yaml.hbs': 'not for containers',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

describe('tarGz', () => {
  it('is the same for the same files, in whatever order they come', () => {
    const one = tarGz(
      new Map([
        ['b', bytes('2')],
        ['a', bytes('1')],
      ]),
    );
    const two = tarGz(
      new Map([
        ['a', bytes('1')],
        ['b', bytes('2')],
      ]),
    );
    expect(Buffer.from(one).equals(two)).toBe(true);
    // No time, and no operating system.
    expect([...one.slice(4, 8), one[9]]).toEqual([0, 0, 0, 0, 255]);
  });

  it('is what tar reads', () => {
    const long = `${'directory/'.repeat(14)}${'f'.repeat(90)}`;
    const files = new Map([
      ['empty', bytes('')],
      ['block', bytes('x'.repeat(512))],
      ['a/ü', bytes('ü')],
      [long, bytes('long')],
    ]);
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'x.tgz'), tarGz(files));
    const { status, stderr } = spawnSync('tar', ['-xzf', 'x.tgz'], { cwd: folder, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    for (const [path, content] of files)
      expect(readFileSync(join(folder, path), 'utf8')).toBe(new TextDecoder().decode(content));
  });

  it('ends on whole blocks, and refuses a path that does not fit', () => {
    expect(gunzipSync(tarGz(new Map([['a', bytes('1')]]))).length).toBe(4 * 512);
    expect(() => tarGz(new Map([['x'.repeat(101), bytes('')]]))).toThrow('too long');
  });
});

describe('packageFiles', () => {
  it('has what containers run, pinned, and nothing else', () => {
    const files = packageFiles(clone());
    expect([...files.keys()].sort()).toEqual([
      'package/dist/runtime/main.js',
      'package/npm-shrinkwrap.json',
      'package/package.json',
      'package/templates/services/time.yaml',
    ]);
    const lock = JSON.parse(Buffer.from(files.get('package/npm-shrinkwrap.json') ?? []).toString());
    expect(Object.keys(lock.packages)).toEqual(['', 'node_modules/a']);
    expect(lock.packages['']).toEqual({ name: 'mcpgw', version: '1.0.0', dependencies: { a: '1' } });
  });

  it('takes the shrinkwrap of an installed package as it is', () => {
    const root = clone();
    const lock = { lockfileVersion: 3, packages: { '': {}, 'node_modules/from-shrinkwrap': {} } };
    writeFileSync(join(root, 'npm-shrinkwrap.json'), JSON.stringify(lock));
    expect(Buffer.from(packageFiles(root).get('package/npm-shrinkwrap.json') ?? []).toString()).toContain(
      'from-shrinkwrap',
    );
  });

  it('does not change with scripts and development packages', () => {
    const manifest = { name: 'mcpgw', version: '1', type: 'module', dependencies: { a: '1' } };
    expect(runtimeManifest({ ...manifest, scripts: {}, devDependencies: {} })).toEqual(manifest);
    expect(shrinkwrap({ packages: { '': {}, x: { dev: true } } }, manifest).packages).toEqual({
      '': { name: 'mcpgw', version: '1', dependencies: { a: '1' } },
    });
  });

  it('says what to do in a clone that was not built', () => {
    expect(() => packageFiles(temporaryFolder())).toThrow(/npm run build/);
  });

  it('every package that the runtime imports is a dependency, so that the image has it', () => {
    const root = packageRoot();
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const sources = readdirSync(join(root, 'runtime'), { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.ts'),
    );
    const imported = sources.flatMap((path) =>
      [
        ...readFileSync(join(root, 'runtime', path), 'utf8').matchAll(
          /^import (?!type ).*?from '([^.'][^']*)'|^} from '([^.'][^']*)'/gms,
        ),
      ].map((match) => match[1] ?? match[2] ?? ''),
    );
    const packages = imported
      .filter((name) => !name.startsWith('node:') && !builtinModules.includes(name))
      .map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      );
    expect([...new Set(packages)].filter((name) => !(name in dependencies))).toEqual([]);
  });
});

describe('packRuntime', () => {
  it('writes the archive only where it differs', () => {
    const [root, folder] = [clone(), temporaryFolder()];
    const path = join(folder, PACKED);
    const digest = packRuntime(folder, root);
    utimesSync(path, 1, 1);
    utimesSync(join(root, 'dist/runtime/main.js'), 5, 5);
    expect(packRuntime(folder, root)).toBe(digest);
    expect(statSync(path).mtimeMs).toBe(1_000);
    writeFileSync(join(root, 'dist/runtime/main.js'), 'new');
    expect(packRuntime(folder, root)).not.toBe(digest);
    expect(statSync(path).mtimeMs).not.toBe(1_000);
  });
});
