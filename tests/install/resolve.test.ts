import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveCommand } from '../../runtime/install/resolve.ts';

let folder: string;
const oldPath = process.env.PATH;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-resolve-'));
  mkdirSync(join(folder, 'bin'));
  process.env.npm_config_test_runs = join(folder, 'runs');
  process.env.PATH = `${join(folder, 'bin')}:${oldPath}`;
});
afterEach(() => {
  process.env.PATH = oldPath;
  delete process.env.npm_config_test_runs;
  rmSync(folder, { recursive: true, force: true });
});

const program = (name: string, script: string): void =>
  writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

/** An npm that knows 1.2.3 of one package with two commands, and notes what it is asked. */
const NPM = `
echo "$@" >> "$npm_config_test_runs"
if [ "$1" = view ]; then echo '["1.2.0","1.2.3"]'; exit 0; fi
mkdir -p node_modules/@scope/thing node_modules/.bin
echo '{"bin":{"thing":"a.js","other":"b"}}' > node_modules/@scope/thing/package.json
printf '#!/usr/bin/env node\\n' > node_modules/.bin/thing
printf '#!/bin/sh\\n' > node_modules/.bin/other
`;

const notes: string[] = [];
const launchOf = (...command: string[]) => {
  notes.length = 0;
  return resolveCommand(command, {
    folder: join(folder, 'packages'),
    searchPath: process.env.PATH ?? '',
    cwd: folder,
    onNote: (text) => notes.push(text),
  });
};
const runs = () => readFileSync(join(folder, 'runs'), 'utf8').trim().split('\n');

describe('npx', () => {
  it('becomes the server: a Node program by this Node, at the newest version that the spec allows', async () => {
    program('npm', NPM);
    const launch = await launchOf('npx', '-y', '@scope/thing@^1', 'stdio', '--x');
    expect(launch?.file).toBe(process.execPath);
    expect(launch?.args[0]).toMatch(/npm\/@scope\+thing@1\.2\.3\/node_modules\/\.bin\/thing$/);
    expect(launch?.args.slice(1)).toEqual(['stdio', '--x']);
    expect(runs()).toHaveLength(2);
  });

  it('asks no registry for an exact version that is here', async () => {
    program('npm', NPM);
    const first = await launchOf('npx', '-y', '@scope/thing@1.2.3');
    expect(await launchOf('npx', '-y', '@scope/thing@1.2.3')).toEqual(first);
    expect(runs()).toEqual([expect.stringMatching(/^install .*@scope\/thing@1\.2\.3$/)]);
  });

  it('starts another command of the package as what it is', async () => {
    program('npm', NPM);
    const launch = await launchOf('npx', '-p', '@scope/thing@1.2.3', 'other', 'a');
    expect(launch?.file).toMatch(/\.bin\/other$/);
    expect(launch?.args).toEqual(['a']);
    await expect(launchOf('npx', '-p', '@scope/thing@1.2.3', 'missing')).rejects.toThrow(
      '@scope/thing@1.2.3 has no command missing',
    );
  });

  it('takes what is here when the registry cannot be reached, and says so', async () => {
    program('npm', NPM);
    await launchOf('npx', '-y', '@scope/thing@1.2.3');
    program('npm', 'echo ENOTFOUND >&2; exit 1');
    expect((await launchOf('npx', '-y', '@scope/thing'))?.args[0]).toContain('@scope+thing@1.2.3');
    expect(notes[0]).toMatch(/^@scope\/thing is started at 1\.2\.3, which is here already: /);
    await expect(launchOf('npx', '-y', '@scope/new')).rejects.toThrow('registry cannot be reached');
  });

  it('prefers what the project has installed, as npx does', async () => {
    program('npm', 'exit 1');
    mkdirSync(join(folder, 'node_modules', '.bin'), { recursive: true });
    mkdirSync(join(folder, 'node_modules', 'thing'));
    const file = join(folder, 'node_modules', '.bin', 'thing');
    writeFileSync(file, '#!/usr/bin/env node\n');
    chmodSync(file, 0o755);
    expect(await launchOf('npx', 'thing', 'a')).toEqual({ file, args: ['a'] });
  });
});

describe('uvx', () => {
  it('becomes the server in a virtual environment of ours, made once, with what it asks for besides', async () => {
    program(
      'uv',
      `echo "$@" >> "$npm_config_test_runs"
       for last; do :; done
       if [ "$1" = venv ]; then mkdir -p "$last/bin"; else printf '#!/bin/sh\\n' > bin/server; chmod +x bin/server; fi`,
    );
    const command = [
      'uvx',
      '--from',
      'pkg==1.0',
      '--with',
      'extra',
      '--python',
      '3.12',
      'server',
      '--tz',
      'UTC',
    ];
    const launch = await launchOf(...command);
    expect(launch?.file).toMatch(/pypi\/pkg@1\.0\+extra\+python3\.12\/bin\/server$/);
    expect(launch?.args).toEqual(['--tz', 'UTC']);
    expect(await launchOf(...command)).toEqual(launch);
    expect(runs()).toEqual([
      expect.stringMatching(/^venv .*--python 3\.12 /),
      expect.stringMatching(/^pip install .* pkg==1\.0 extra$/),
    ]);
  });

  it('says what is missing when a version of Python is asked for and there is no uv', async () => {
    process.env.PATH = join(folder, 'bin');
    await expect(launchOf('uvx', 'server')).rejects.toThrow(/^needs uv, or Python 3\.10 or newer/);
    program('python3', 'exit 1');
    await expect(launchOf('uvx', '--python', '3.99', 'server')).rejects.toThrow(
      "Python 3.99 is asked for, which needs uv (PyPI's package uv)",
    );
  });
});

it('what is not understood is run as it is given, with a note', async () => {
  expect(await launchOf('npx', '-c', 'thing')).toBeUndefined();
  expect(notes).toEqual([
    'npx is run as it is given, and stays beside each server: its option -c is not understood',
  ]);
  expect(await launchOf('node', 'server.js')).toBeUndefined();
  expect(notes).toEqual([]);
});
