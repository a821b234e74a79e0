import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { builtinCatalog } from '../../cli/package-root.ts';
import { loadCatalog, serviceSchema } from '../../runtime/config/catalog.ts';
import { findCommand } from '../../runtime/install/find-command.ts';
import { installService } from '../../runtime/install/install.ts';
import { withProgramsHere } from '../../runtime/install/missing.ts';

let folder: string;
const oldPath = process.env.PATH;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-install-'));
});
afterEach(() => {
  process.env.PATH = oldPath;
  rmSync(folder, { recursive: true, force: true });
});

/** Puts an npm of our own first on PATH; it runs in the folder where it is to install. */
function useNpm(script: string): void {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'npm'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env.npm_config_test_runs = join(folder, 'runs');
  process.env.PATH = `${bin}:${oldPath}`;
}

const npmService = serviceSchema.parse({
  ...{ name: 'thing', title: 'T', description: 'D', kind: 'proxy' },
  package: { npm: '@scope/thing', version: '1.2.3', bin: 'thing' },
});

/** An npm that makes what the real one would, and counts its runs. */
const NPM = `
echo run >> "$npm_config_test_runs"
mkdir -p node_modules/@scope/thing
echo '{"bin":{"thing":"dist/index.js"}}' > node_modules/@scope/thing/package.json
`;

describe('installService', () => {
  it('fetches an npm package once and starts it without npm', async () => {
    useNpm(NPM);
    const onFetch = vi.fn();
    const install = () =>
      installService(npmService, process.env.PATH ?? '', { folder: join(folder, 'p'), onFetch });
    const first = await install();
    expect(await install()).toEqual(first);
    expect(first.file).toBe(process.execPath);
    expect(first.args[0]).toMatch(/@scope\+thing@1\.2\.3\/node_modules\/@scope\/thing\/dist\/index\.js$/);
    expect(onFetch).toHaveBeenCalledTimes(1);
    expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('run\n');
  });

  it('says what npm comes with where there is none', async () => {
    process.env.PATH = folder;
    const install = installService(npmService, folder, { folder: join(folder, 'p') });
    await expect(install).rejects.toThrow(/npm is not on this machine; it comes with Node\.js/);
  });

  it('says that the registry cannot be reached, and leaves nothing half done', async () => {
    useNpm('echo "npm error code ENOTFOUND" >&2; exit 1');
    const install = installService(npmService, process.env.PATH ?? '', { folder: join(folder, 'p') });
    await expect(install).rejects.toThrow(
      /@scope\/thing@1\.2\.3 could not be fetched: the package registry cannot be/,
    );
    expect(readdirSync(join(folder, 'p', 'npm'))).toEqual([]);
  });

  it("hands a package manager none of the gateway's secrets", async () => {
    useNpm(`env > "${join(folder, 'seen')}"; exit 1`);
    const secrets = ['GITHUB_CLIENT_SECRET', 'GATEWAY_JWT_SECRET', 'REDIS_PASSWORD'];
    for (const name of secrets) process.env[name] = 'top-secret';
    process.env.npm_config_proxy = 'http://proxy.example';
    const install = installService(npmService, process.env.PATH ?? '', { folder: join(folder, 'p') });
    await expect(install).rejects.toThrow('could not be fetched');
    for (const name of [...secrets, 'npm_config_proxy']) delete process.env[name];
    const seen = readFileSync(join(folder, 'seen'), 'utf8');
    expect(seen).not.toContain('top-secret');
    expect(seen).toContain('npm_config_proxy=http://proxy.example');
  });

  it('says what npm said when it fails otherwise', async () => {
    useNpm('echo "npm error notarget No matching version" >&2; exit 1');
    const install = installService(npmService, process.env.PATH ?? '', { folder: join(folder, 'p') });
    await expect(install).rejects.toThrow(/notarget No matching version/);
  });

  it('says so where npm has no such package', async () => {
    useNpm('printf "npm error code E404\\nnpm error 404 Not Found - GET https://x/y\\n" >&2; exit 1');
    const install = installService(npmService, process.env.PATH ?? '', { folder: join(folder, 'p') });
    await expect(install).rejects.toThrow(
      /@scope\/thing@1\.2\.3 could not be fetched: npm has no such package/,
    );
  });

  it('says what to install where the machine lacks something', async () => {
    const service = {
      ...npmService,
      requires: [{ command: 'no-such-program', or: ['nor-this'], install: 'Frob 3 (package frob)' }],
    };
    await expect(installService(service, oldPath ?? '', { folder })).rejects.toThrow(
      'needs Frob 3 (package frob)',
    );
  });

  it('names the program that is here in arguments that name the one of containers', () => {
    const needs = (command: string, ...or: string[]) => ({
      ...npmService,
      args: ['--browser', command, '--flag'],
      requires: [{ command, or, install: 'a browser' }],
    });
    const here = (service: typeof npmService) => withProgramsHere(service, oldPath ?? '').args[1];
    expect(here(needs('/nowhere/browser', 'no-such-program', 'sh'))).toBe(findCommand('sh', oldPath ?? ''));
    expect(here(needs('/bin/sh', 'env'))).toBe('/bin/sh');
    expect(here(needs('/nowhere/browser', 'no-such-program'))).toBe('/nowhere/browser');
    // A word that only looks like a program is none.
    expect(here(needs('sh'))).toBe('sh');
    const { services } = loadCatalog([builtinCatalog()]);
    const playwright = services.get('playwright');
    expect(playwright?.args).toContain(playwright?.requires[0]?.command);
  });

  it.each([
    ['the first', 'no-such-program', ['sh']],
    ['another', 'sh', ['no-such-program']],
  ])('takes what the machine has in place of %s command', async (_, command, or) => {
    useNpm(NPM);
    const service = { ...npmService, requires: [{ command, or, install: 'X' }] };
    await expect(installService(service, '/bin', { folder })).resolves.toMatchObject({
      file: process.execPath,
    });
  });

  it('starts a server of our own by the program that is running', async () => {
    const service = serviceSchema.parse({
      ...{ name: 'tmux', title: 'T', description: 'D', kind: 'proxy', command: ['mcpgw-tmux'] },
    });
    const { file, args } = await installService(service, '', { folder });
    expect([file, ...args]).toEqual([
      process.execPath,
      expect.stringMatching(/runtime\/main\.ts$/),
      'stdio',
      'tmux',
    ]);
  });

  it('finds the command of a service without a package, or says that it is not there', async () => {
    const service = serviceSchema.parse({
      ...{ name: 'own', title: 'T', description: 'D', kind: 'proxy' },
      command: ['sh', '-c', 'exit'],
    });
    expect(await installService(service, '/bin', { folder })).toEqual({
      file: '/bin/sh',
      args: ['-c', 'exit'],
    });
    const missing = { ...service, command: ['no-such-program'] };
    await expect(installService(missing, '/bin', { folder })).rejects.toThrow(
      'there is no command no-such-program',
    );
  });
});

describe('a package of PyPI', () => {
  const service = serviceSchema.parse({
    ...{ name: 'thing', title: 'T', description: 'D', kind: 'proxy' },
    package: { pypi: 'thing', version: '1.2.3', bin: 'thing' },
  });
  /** Commands that note how they are called, and then do as `scripts` says. @returns PATH with nothing else but these */
  function only(scripts: Record<string, string>): string {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    for (const [name, script] of Object.entries(scripts)) {
      const text = `#!/bin/sh\necho "${name} $*" >> "${folder}/calls"\n${script}\n`;
      writeFileSync(join(bin, name), text, { mode: 0o755 });
    }
    process.env.PATH = bin;
    return bin;
  }
  const calls = () => readFileSync(join(folder, 'calls'), 'utf8').replaceAll(folder, '').trim().split('\n');
  const home = '/p/pypi/thing@1.2.3';
  /** A venv whose python does nothing, but notes it, with the command that the package will have. */
  const VENV = `for home; do :; done; /bin/mkdir -p "$home/bin"; /bin/cp "$0" "$home/bin/python"; : > "$home/bin/thing"`;

  it('gets a virtual environment by uv where that is, without pip', async () => {
    const path = only({ uv: VENV, python3: 'exit 1' });
    const launch = await installService(service, path, { folder: join(folder, 'p') });
    expect(launch).toEqual({ file: join(folder, home, 'bin', 'thing'), args: [] });
    expect(calls()).toEqual([
      `uv venv --quiet --no-project --allow-existing ${home}`,
      `uv pip install --quiet --python ${home}/bin/python thing==1.2.3`,
    ]);
    await installService(service, path, { folder: join(folder, 'p') });
    expect(calls()).toHaveLength(2);
  });

  it.each([
    ['there is no uv', {}],
    ['uv fails', { uv: 'exit 1' }],
  ])('gets it by pip where %s', async (_, more) => {
    const path = only({ ...more, python3: VENV });
    await installService(service, path, { folder: join(folder, 'p') });
    expect(calls().slice(-2)).toEqual([
      `python3 -m venv ${home}`,
      'python3 -m pip install --quiet --disable-pip-version-check thing==1.2.3',
    ]);
  });

  it('is fetched once for two services that come from it', async () => {
    const path = only({ uv: VENV });
    const install = () => installService(service, path, { folder: join(folder, 'p') });
    await Promise.all([install(), install()]);
    expect(calls()).toHaveLength(2);
  });

  it('says so when it does not have the command', async () => {
    const install = installService(
      { ...service, package: { pypi: 'thing', version: '1.2.3', bin: 'other' } },
      only({ uv: VENV }),
      { folder: join(folder, 'p') },
    );
    await expect(install).rejects.toThrow('thing==1.2.3 has no command other');
  });

  it.each([
    [
      'echo "error: no space left on device" >&2; exit 1',
      /could not be fetched: error: no space left on dev/,
    ],
    [
      'printf "The virtual environment was not created because ensurepip is not\\navailable.\\n"; exit 1',
      /has no venv here, so thing==1\.2\.3 needs uv, or Python 3\.10 .*python3-venv/,
    ],
  ])('says what failed when nothing works, and what to install: %s', async (python3, message) => {
    const path = only({ uv: 'exit 1', python3 });
    await expect(installService(service, path, { folder: join(folder, 'p') })).rejects.toThrow(message);
  });

  it.each([
    'ERROR: Ignored the following versions that require a different python version: 1.2.3 Requires-Python >=3.10',
    'ERROR: Could not find a version that satisfies the requirement thing==1.2.3 (from versions: none)',
  ])('says that this Python may be too old, and what helps: %s', async (said) => {
    const python3 = `case "$*" in --version) echo "Python 3.8.2";; *pip*) echo "${said}" >&2; exit 1;; *) ${VENV};; esac`;
    const install = installService(service, only({ python3 }), { folder: join(folder, 'p') });
    await expect(install).rejects.toThrow(
      /PyPI has no thing==1\.2\.3 for Python 3\.8\.2 of this machine\. Look at its name.* install uv/,
    );
  });
});

describe('findCommand', () => {
  it('looks where a shell would', () => {
    expect(findCommand('sh', '/nowhere::/bin')).toBe('/bin/sh');
    expect(findCommand('/bin/sh', '')).toBe('/bin/sh');
    expect(findCommand('./sh', '/bin', '/bin')).toBe('/bin/sh');
    expect(findCommand('sh', '/nowhere')).toBeUndefined();
    expect(findCommand('passwd', '/etc')).toBeUndefined();
  });
});
