/** A stdio server from PyPI, in a virtual environment of its own at its pinned version. */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstallOptions, Launch } from './launch.ts';
import { runTool } from './run-tool.ts';

export interface PypiPackage {
  pypi: string;
  version: string;
  bin: string;
}

/**
 * The scripts of a virtual environment name their own folder, so it cannot be made elsewhere and moved: a file written
 * last says that it is whole.
 * @throws InstallError
 */
export async function installPypi(source: PypiPackage, options: InstallOptions): Promise<Launch> {
  const what = `${source.pypi}==${source.version}`;
  const home = join(options.folder, 'pypi', `${source.pypi}@${source.version}`);
  const whole = join(home, '.whole');
  if (!existsSync(whole)) {
    options.onFetch?.();
    await rm(home, { recursive: true, force: true });
    await mkdir(home, { recursive: true });
    const run = (file: string, args: string[]) =>
      runTool(what, file, args, { cwd: home, signal: options.signal });
    await run('python3', ['-m', 'venv', home]);
    await run(join(home, 'bin', 'python'), [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      what,
    ]);
    await writeFile(whole, '');
  }
  return { file: join(home, 'bin', source.bin), args: [] };
}
