/**
 * A stdio server from npm, installed once at its pinned version and then started as what it is, a Node program: no
 * package manager lives beside each child (`npx` costs a process of 97 MB and 400 ms each time).
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InstallError, type InstallOptions, type Launch } from './launch.ts';
import { runTool } from './run-tool.ts';

export interface NpmPackage {
  npm: string;
  version: string;
  bin: string;
}

/** @throws InstallError */
export async function installNpm(source: NpmPackage, options: InstallOptions): Promise<Launch> {
  const home = await npmHome(source.npm, source.version, options);
  return { file: process.execPath, args: [await binOf(home, source)] };
}

export interface NpmOptions extends InstallOptions {
  /** Lets the package's install scripts run, as `npx` does. */
  scripts?: boolean;
}

/**
 * @returns the folder with the package in its `node_modules`, which is fetched where it is not there
 * @throws InstallError
 */
export async function npmHome(npm: string, version: string, options: NpmOptions): Promise<string> {
  const what = `${npm}@${version}`;
  const home = join(options.folder, 'npm', what.replaceAll('/', '+'));
  if (!existsSync(home)) {
    options.onFetch?.(what);
    await fetchInto(home, what, options);
  }
  return home;
}

/** Installs in a folder beside and renames, so that a folder of that name is always whole. */
async function fetchInto(home: string, what: string, options: NpmOptions): Promise<void> {
  await mkdir(join(options.folder, 'npm'), { recursive: true });
  const draft = await mkdtemp(`${home}.`);
  try {
    await writeFile(join(draft, 'package.json'), '{"private":true}\n');
    const scripts = options.scripts === true ? [] : ['--ignore-scripts'];
    const flags = [...scripts, '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
    await runTool(what, 'npm', ['install', ...flags, what], { cwd: draft, signal: options.signal });
    await rename(draft, home);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another mcpgw was faster: its folder is as good.
    if (!existsSync(home)) throw error;
  }
}

async function binOf(home: string, source: NpmPackage): Promise<string> {
  const root = join(home, 'node_modules', source.npm);
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    bin?: string | Record<string, string>;
  };
  const path = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin?.[source.bin];
  if (path === undefined)
    throw new InstallError(`${source.npm}@${source.version} has no command ${source.bin}`);
  return join(root, path);
}
