/**
 * What a package runner would run. `npx` and `uvx` stay beside each server that they start: a second process of 97 MB that
 * costs 400 ms each time. Only what is understood for sure is taken apart; all else is run as it is given.
 */
import { basename } from 'node:path';

export type Runner = 'npm' | 'pypi';

export interface RunnerCommand {
  runner: Runner;
  /** As given: `@scope/server@^1`, `server[extra]==1.2`. */
  spec: Spec;
  /** The command of the package; undefined: its only one, or the one of its name. */
  bin: string | undefined;
  args: string[];
  /** Further requirements (`uvx --with`). */
  with: string[];
  /** Python's version (`uvx --python`). */
  python: string | undefined;
}

export interface Spec {
  name: string;
  /** Exact, a range or a tag, as npm and PyPI write it after the name; undefined where the current one will do. */
  version: string | undefined;
}

/** A runner's command that is not taken apart. */
export interface AsGiven {
  /** A clause: "its option --call is not understood". */
  reason: string;
}

interface Options {
  /** That say nothing about what is run. */
  ignored: string[];
  /** That name the package. */
  package: string[];
  with: string[];
  python: string[];
}

export const NPX: Options = {
  ignored: ['-y', '--yes', '-q', '--quiet'],
  package: ['-p', '--package'],
  with: [],
  python: [],
};
export const UVX: Options = {
  ignored: ['-q', '--quiet'],
  package: ['--from'],
  with: ['-w', '--with'],
  python: ['-p', '--python'],
};

/** A program that runs packages. */
export interface RunnerProgram {
  runner: Runner;
  options: Options;
  /** What stands behind its name where it does: one of these lists of words. */
  words: string[][];
}

/** By name. */
export type RunnerPrograms = Readonly<Record<string, RunnerProgram>>;

const PROGRAMS: RunnerPrograms = {
  npx: { runner: 'npm', options: NPX, words: [[]] },
  npm: { runner: 'npm', options: NPX, words: [['exec'], ['x']] },
  uvx: { runner: 'pypi', options: UVX, words: [[]] },
  uv: { runner: 'pypi', options: UVX, words: [['tool', 'run']] },
};

/**
 * @param command argv
 * @param more programs beside npm's and uv's own
 * @returns undefined for a command that is no runner's
 */
export function runnerCommand(
  command: readonly string[],
  more: RunnerPrograms = {},
): RunnerCommand | AsGiven | undefined {
  const [program = '', ...rest] = command;
  const programs = { ...more, ...PROGRAMS };
  const name = basename(program);
  const found = Object.hasOwn(programs, name) ? programs[name] : undefined;
  const words = found?.words.find((each) => each.every((word, at) => rest[at] === word));
  if (found === undefined || words === undefined) return undefined;
  return parsed(found.runner, found.options, rest.slice(words.length));
}

interface Found {
  package: string[];
  with: string[];
  python: string[];
  /** What comes after the runner's own options. */
  words: string[];
}

function parsed(runner: Runner, options: Options, rest: string[]): RunnerCommand | AsGiven {
  const found = optionsOf(options, rest);
  if ('reason' in found) return found;
  const [word, ...args] = found.words;
  const [given, another] = found.package;
  if (another !== undefined) return { reason: 'it names several packages' };
  if (word === undefined) return { reason: 'it names no command' };
  const odd = found.with.find((each) => !/^[a-z0-9]/i.test(each));
  if (odd !== undefined) return { reason: `${odd} is no requirement` };
  if (found.python.length > 1) return { reason: 'it names several versions of Python' };
  const spec = runner === 'npm' ? npmSpec(given ?? word) : pypiSpec(given ?? word);
  if (spec === undefined) return { reason: `${given ?? word} is no package of a registry` };
  // `npx NAME` starts the command of the package, whatever that is called; `uvx NAME` the one that is called so.
  const bin = given !== undefined ? word : runner === 'npm' ? undefined : spec.name.replace(/\[.*$/, '');
  if (bin !== undefined && !/^\w[\w.-]*$/.test(bin)) return { reason: `${bin} is no name of a command` };
  return { runner, spec, bin, args, with: found.with, python: found.python[0] };
}

function optionsOf(options: Options, rest: string[]): Found | AsGiven {
  const found: Found = { package: [], with: [], python: [], words: [] };
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at] as string;
    if (word === '--') return { ...found, words: rest.slice(at + 1) };
    if (!word.startsWith('-')) return { ...found, words: rest.slice(at) };
    if (options.ignored.includes(word)) continue;
    const [option = '', inline] = word.split(/=(.*)/s, 2);
    const kind = (['package', 'with', 'python'] as const).find((each) => options[each].includes(option));
    const value = inline ?? rest[(at += 1)];
    if (kind === undefined) return { reason: `its option ${option} is not understood` };
    if (value === undefined || value === '' || value.startsWith('-'))
      return { reason: `its option ${option} has no value` };
    found[kind].push(...(kind === 'with' ? value.split(',') : [value]));
  }
  return found;
}

function npmSpec(text: string): Spec | undefined {
  const match = /^((?:@[a-z0-9~][\w.~-]*\/)?[a-z0-9~][\w.~-]*)(?:@(?!-)([\w.+~^<>=*-]+))?$/i.exec(text);
  if (match === null || /\.(?:tgz|tar\.gz)$/.test(text)) return undefined;
  return { name: match[1] as string, version: match[2] };
}

function pypiSpec(text: string): Spec | undefined {
  const match = /^([a-z0-9](?:[\w.-]*[a-z0-9])?(?:\[[\w.,-]+\])?)(?:(?:==|@)(?!-)([\w.+!-]+))?$/i.exec(text);
  if (match === null) return undefined;
  return { name: match[1] as string, version: match[2] === 'latest' ? undefined : match[2] };
}
