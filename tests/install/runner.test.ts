import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runnerCommand } from '../../runtime/install/runner.ts';

const argv = (text: string) => runnerCommand(text.split(' '));

describe('what a runner would run', () => {
  it.each([
    ['npx pkg', { spec: { name: 'pkg', version: undefined }, bin: undefined, args: [] }],
    [
      'npx -y @scope/server@1.2.3 stdio --flag',
      { spec: { name: '@scope/server', version: '1.2.3' }, args: ['stdio', '--flag'] },
    ],
    ['/usr/bin/npx --yes pkg@^1.2 a', { spec: { name: 'pkg', version: '^1.2' }, args: ['a'] }],
    [
      'npx -p @scope/pkg@2.0.0 the-bin -y',
      { spec: { name: '@scope/pkg', version: '2.0.0' }, bin: 'the-bin', args: ['-y'] },
    ],
    [
      'npx --package=pkg -- the-bin --package x',
      { spec: { name: 'pkg' }, bin: 'the-bin', args: ['--package', 'x'] },
    ],
    ['npm exec -y -- pkg@latest', { spec: { name: 'pkg', version: 'latest' } }],
    [
      'uvx mcp-server-time --local-timezone UTC',
      {
        runner: 'pypi',
        spec: { name: 'mcp-server-time' },
        bin: 'mcp-server-time',
        args: ['--local-timezone', 'UTC'],
      },
    ],
    ['uvx pkg[cli]==1.2', { spec: { name: 'pkg[cli]', version: '1.2' }, bin: 'pkg' }],
    ['uvx pkg@latest', { spec: { name: 'pkg', version: undefined } }],
    [
      'uv tool run --from pkg==3 --with a,b --with c --python 3.12 the-bin',
      { spec: { name: 'pkg', version: '3' }, bin: 'the-bin', with: ['a', 'b', 'c'], python: '3.12' },
    ],
  ])('%s', (text, expected) => {
    expect(argv(text)).toMatchObject(expected);
  });

  it.each([
    ['npx -c "pkg"', 'its option -c is not understood'],
    ['npx -p a -p b x', 'it names several packages'],
    ['npx -y', 'it names no command'],
    ['npx -p', 'its option -p has no value'],
    ['npx github:owner/repo', 'github:owner/repo is no package of a registry'],
    ['npx ./server.tgz', './server.tgz is no package of a registry'],
    ['uvx --from git+https://host/repo x', 'git+https://host/repo is no package of a registry'],
    ['uvx --with a,--index-url=x pkg', '--index-url=x is no requirement'],
    ['uvx --from pkg ../bin/sh', '../bin/sh is no name of a command'],
    ['uvx --index-url http://other pkg', 'its option --index-url is not understood'],
  ])('is left alone: %s', (text, reason) => {
    expect(argv(text)).toEqual({ reason });
  });

  it.each(['node server.js', 'npm start', 'uv run server', 'docker run x', 'python3 -m server'])(
    'is not what this is: %s',
    (text) => {
      expect(argv(text)).toBeUndefined();
    },
  );

  it('never loses, adds or changes an argument of the server', () => {
    const args = fc.array(fc.string({ minLength: 1 }));
    const options = fc.subarray(['-y', '--yes', '-q', '--quiet']);
    fc.assert(
      fc.property(options, fc.boolean(), args, (before, dashes, own) => {
        const words = [...before, ...(dashes ? ['--'] : []), 'pkg@1.0.0', ...own];
        expect(runnerCommand(['npx', ...words])).toMatchObject({ args: own });
      }),
    );
  });

  it('never takes for a package what a package manager would read as an option or a path', () => {
    const words = fc.array(
      fc.oneof(fc.string(), fc.constantFrom('-p', '--from', '--with', '--', '-y', '..')),
    );
    fc.assert(
      fc.property(fc.constantFrom('npx', 'uvx'), words, (program, rest) => {
        const found = runnerCommand([program, ...rest]);
        if (found === undefined || 'reason' in found) return;
        const { spec, bin, with: extra, python } = found;
        for (const word of [spec.name, ...extra, spec.version, python, bin])
          if (word !== undefined) expect(word).not.toMatch(/^-/);
        expect(`${spec.name} ${bin ?? ''}`).not.toMatch(/\.\.\//);
      }),
      {
        examples: [
          ['npx', ['-p', 'pkg', '--', '-p']],
          ['npx', ['-p', 'pkg', '..']],
          ['npx', ['pkg@-x']],
          ['uvx', ['pkg==-x']],
        ],
      },
    );
  });
});
