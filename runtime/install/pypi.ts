/** A stdio server from PyPI, in a virtual environment of its own at its pinned version. */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findCommand } from './find-command.ts';
import { InstallError, type InstallOptions, type Launch } from './launch.ts';
import { runTool } from './run-tool.ts';

export interface PypiPackage {
  pypi: string;
  version: string;
  bin: string;
}

/**
 * The scripts of a virtual environment name their own folder, so it cannot be made elsewhere and moved: a file written
 * last says that it is whole.
 * @param searchPath the value of PATH
 * @throws InstallError
 */
export async function installPypi(
  source: PypiPackage,
  searchPath: string,
  options: InstallOptions,
): Promise<Launch> {
  const what = `${source.pypi}==${source.version}`;
  const environment = { name: `${source.pypi}@${source.version}`, packages: [what] };
  const file = join(await pypiHome(environment, searchPath, options), 'bin', source.bin);
  if (!existsSync(file)) throw new InstallError(`${what} has no command ${source.bin}`);
  return { file, args: [] };
}

export interface VirtualEnvironment {
  /** Of its folder. */
  name: string;
  /** What is installed in it, as requirements. */
  packages: string[];
  /** Python's version, which only uv can choose. */
  python?: string | undefined;
}

/**
 * @returns the folder of the virtual environment, which is made where it is not there
 * @throws InstallError
 */
export async function pypiHome(
  { name, packages, python: version }: VirtualEnvironment,
  searchPath: string,
  options: InstallOptions,
): Promise<string> {
  const what = packages.join(' ');
  const home = join(options.folder, 'pypi', name);
  const whole = join(home, '.whole');
  if (!existsSync(whole)) {
    options.onFetch?.(what);
    const run = (file: string, args: string[]) =>
      runTool(what, file, args, { cwd: home, signal: options.signal });
    const uv = findCommand('uv', searchPath);
    const python = findCommand('python3', searchPath);
    if (!uv && !python) throw new InstallError(NEEDS_PYTHON);
    if (version !== undefined && !uv)
      throw new InstallError(`Python ${version} is asked for, which needs uv (PyPI's package uv)`);
    const pip = version === undefined && python ? [withPip(run, what)] : [];
    await alone(home, async () => {
      if (existsSync(whole)) return;
      await firstThatWorks([...(uv ? [withUv(run, uv, version)] : []), ...pip], home, packages);
      await writeFile(whole, '');
    });
  }
  return home;
}

const NEEDS_PYTHON =
  'needs uv, or Python 3.10 or newer with venv (on Debian the packages python3 and python3-venv)';

/** What is being installed, by folder: two services may come from one package. */
const installing = new Map<string, Promise<void>>();

/** Runs one after another what is for the same folder. */
async function alone(home: string, work: () => Promise<void>): Promise<void> {
  const before = installing.get(home) ?? Promise.resolve();
  const mine = before.catch(() => undefined).then(work);
  installing.set(home, mine);
  try {
    await mine;
  } finally {
    if (installing.get(home) === mine) installing.delete(home);
  }
}

type Run = (file: string, args: string[]) => Promise<string>;
/** Makes a virtual environment in `home` with the packages in it. */
type Way = (home: string, packages: string[]) => Promise<void>;

/** uv is fast, and fetches a Python where there is none that fits. */
function withUv(run: Run, uv: string, version?: string): Way {
  return async (home, packages) => {
    const python = version === undefined ? [] : ['--python', version];
    await run(uv, ['venv', '--quiet', '--no-project', '--allow-existing', ...python, home]);
    await run(uv, ['pip', 'install', '--quiet', '--python', join(home, 'bin', 'python'), ...packages]);
  };
}

function withPip(run: Run, what: string): Way {
  return async (home, packages) => {
    try {
      await run('python3', ['-m', 'venv', home]);
      const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
      await run(join(home, 'bin', 'python'), [...install, ...packages]);
    } catch (error) {
      throw await inOtherWords(error as Error, run, what);
    }
  };
}

/** What pip says of a machine that lacks something tells nobody what to install. */
async function inOtherWords(error: Error, run: Run, what: string): Promise<Error> {
  if (/ensurepip|No module named '?venv/.test(error.message))
    return new InstallError(`python3 has no venv here, so ${what} ${NEEDS_PYTHON}`);
  if (!/Requires-Python|different python version|from versions: none/i.test(error.message)) return error;
  const python = (await run('python3', ['--version']).catch(() => '')).trim() || 'the Python';
  return new InstallError(
    `PyPI has no ${what} for ${python} of this machine. Look at its name; if that Python is too old for it, install uv, which fetches one that fits, or a newer Python`,
  );
}

/** @throws what the last of the ways throws */
async function firstThatWorks(ways: Way[], home: string, packages: string[]): Promise<void> {
  const [way, ...others] = ways;
  if (way === undefined) return;
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  try {
    await way(home, packages);
  } catch (error) {
    if (others.length === 0) throw error;
    await firstThatWorks(others, home, packages);
  }
}
