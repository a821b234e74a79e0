/** From a runner's command (`npx`, `uvx`) to the server itself, installed once. */
import { existsSync, readdirSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { findCommand } from './find-command.ts';
import { InstallError, type InstallOptions, type Launch } from './launch.ts';
import { npmViewArgs } from './npm-view.ts';
import { npmHome } from './npm.ts';
import { pypiHome } from './pypi.ts';
import { runTool } from './run-tool.ts';
import { runnerCommand, type RunnerCommand, type Spec } from './runner.ts';

export interface ResolveOptions extends InstallOptions {
  /** The value of PATH. */
  searchPath: string;
  /** Where the command would be run: `npx` prefers what a project has installed. */
  cwd: string;
  /** Told why a command is run as it is given. */
  onNote?: ((text: string) => void) | undefined;
}

const EXACT = /^\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/;
const NODE_SHEBANG = /^#!\s*(?:\/usr\/bin\/env\s+|\S*\/)node\s*$/;

/**
 * @param command argv
 * @returns what to start, with all arguments; undefined when the command is to be run as it is given
 * @throws InstallError when the package cannot be fetched or has no such command
 */
export async function resolveCommand(
  command: readonly string[],
  options: ResolveOptions,
): Promise<Launch | undefined> {
  const found = runnerCommand(command);
  if (found === undefined) return undefined;
  if ('reason' in found) {
    options.onNote?.(
      `${command[0] ?? ''} is run as it is given, and stays beside each server: ${found.reason}`,
    );
    return undefined;
  }
  return found.runner === 'npm' ? npmLaunch(found, options) : pypiLaunch(found, options);
}

async function npmLaunch(found: RunnerCommand, options: ResolveOptions): Promise<Launch> {
  const { spec, args } = found;
  const local = localBin(found, options.cwd);
  if (local !== undefined) return { file: local, args };
  const version = await npmVersion(spec, options);
  const home = await npmHome(spec.name, version, { ...options, scripts: true });
  const bin = found.bin ?? (await onlyBin(home, spec.name));
  const file = join(home, 'node_modules', '.bin', bin);
  if (!existsSync(file)) throw new InstallError(`${spec.name}@${version} has no command ${bin}`);
  // A Node program is started as such: by this Node, whatever stands on PATH.
  return NODE_SHEBANG.test(await firstLine(file))
    ? { file: process.execPath, args: [file, ...args] }
    : { file, args };
}

/** What `npx NAME` finds in the project that it is started in, or in one around it. */
function localBin({ spec, bin }: RunnerCommand, cwd: string): string | undefined {
  if (spec.version !== undefined) return undefined;
  const name = bin ?? spec.name.replace(/^@[^/]*\//, '');
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const root = join(folder, 'node_modules');
    const file = existsSync(join(root, spec.name)) ? findCommand(join(root, '.bin', name), '') : undefined;
    if (file !== undefined || folder === dirname(folder)) return file;
  }
}

/** @returns an exact version: the newest that the spec allows or, where the registry cannot be reached, the newest installed */
async function npmVersion({ name, version }: Spec, options: ResolveOptions): Promise<string> {
  if (version !== undefined && EXACT.test(version)) return version;
  const spec = `${name}@${version ?? 'latest'}`;
  try {
    const text = await runTool(spec, 'npm', npmViewArgs(spec, 'version'), {
      cwd: options.cwd,
      signal: options.signal,
    });
    // A range has several, in their order; an unknown one none at all.
    const found: unknown = text.trim() === '' ? undefined : JSON.parse(text);
    const newest: unknown = Array.isArray(found) ? found.at(-1) : found;
    if (typeof newest !== 'string') throw new InstallError(`npm has no ${spec}`);
    return newest;
  } catch (error) {
    const installed = version === undefined ? newestInstalled(options.folder, name) : undefined;
    if (installed === undefined) throw error;
    options.onNote?.(
      `${name} is started at ${installed}, which is here already: ${(error as Error).message}`,
    );
    return installed;
  }
}

function newestInstalled(folder: string, name: string): string | undefined {
  const root = join(folder, 'npm');
  const prefix = `${name.replaceAll('/', '+')}@`;
  return (existsSync(root) ? readdirSync(root) : [])
    .filter((each) => each.startsWith(prefix) && EXACT.test(each.slice(prefix.length)))
    .map((each) => each.slice(prefix.length))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1);
}

async function onlyBin(home: string, name: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(home, 'node_modules', name, 'package.json'), 'utf8')) as {
    bin?: string | Record<string, string>;
  };
  const own = name.replace(/^@[^/]*\//, '');
  const names = typeof manifest.bin === 'string' ? [own] : Object.keys(manifest.bin ?? {});
  const [first, another] = names;
  if (first === undefined) throw new InstallError(`${name} has no command that could be started`);
  if (another === undefined) return first;
  if (names.includes(own)) return own;
  throw new InstallError(
    `${name} has several commands (${names.join(', ')}): say which, with -p ${name} ${first}`,
  );
}

async function firstLine(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(128), position: 0 });
    return buffer.toString('utf8', 0, bytesRead).split('\n', 1)[0] ?? '';
  } finally {
    await file.close();
  }
}

async function pypiLaunch(found: RunnerCommand, options: ResolveOptions): Promise<Launch> {
  const { spec, bin = spec.name, args, python } = found;
  const what = spec.version === undefined ? spec.name : `${spec.name}==${spec.version}`;
  const extra = [...found.with, ...(python === undefined ? [] : [`python${python}`])];
  const name = [`${spec.name}@${spec.version ?? 'current'}`, ...extra]
    .join('+')
    .replaceAll(/[^\w.@+,[\]=-]/g, '_');
  const home = await pypiHome({ name, packages: [what, ...found.with], python }, options.searchPath, options);
  const file = findCommand(join(home, 'bin', bin), '');
  if (file === undefined)
    throw new InstallError(`${what} has no command ${bin}: say which, with --from ${what} COMMAND`);
  return { file, args };
}
