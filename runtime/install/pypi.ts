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
  const home = join(options.folder, 'pypi', `${source.pypi}@${source.version}`);
  const whole = join(home, '.whole');
  if (!existsSync(whole)) {
    options.onFetch?.();
    const run = (file: string, args: string[]) =>
      runTool(what, file, args, { cwd: home, signal: options.signal });
    const uv = findCommand('uv', searchPath);
    const python = findCommand('python3', searchPath);
    const ways = [...(uv ? [withUv(run, uv)] : []), ...(python || !uv ? [withPip(run)] : [])];
    await firstThatWorks(ways, home, what);
    await writeFile(whole, '');
  }
  const file = join(home, 'bin', source.bin);
  if (!existsSync(file)) throw new InstallError(`${what} has no command ${source.bin}`);
  return { file, args: [] };
}

type Run = (file: string, args: string[]) => Promise<void>;
/** Makes a virtual environment in `home` with `what` in it. */
type Way = (home: string, what: string) => Promise<void>;

/** uv is fast, and fetches a Python where there is none that fits. */
function withUv(run: Run, uv: string): Way {
  return async (home, what) => {
    await run(uv, ['venv', '--quiet', '--no-project', '--allow-existing', home]);
    await run(uv, ['pip', 'install', '--quiet', '--python', join(home, 'bin', 'python'), what]);
  };
}

function withPip(run: Run): Way {
  return async (home, what) => {
    await run('python3', ['-m', 'venv', home]);
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    await run(join(home, 'bin', 'python'), [...install, what]);
  };
}

/** @throws what the last of the ways throws */
async function firstThatWorks(ways: Way[], home: string, what: string): Promise<void> {
  const [way, ...others] = ways;
  if (way === undefined) return;
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  try {
    await way(home, what);
  } catch (error) {
    if (others.length === 0) throw error;
    await firstThatWorks(others, home, what);
  }
}
