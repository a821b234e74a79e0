/**
 * From the command that a server's own documentation gives to where the server comes from. A package of npm or PyPI is
 * named as such, so that it is fetched once, at one version, and no package manager lives beside each child.
 */
import { basename } from 'node:path';
import { EXIT, UserError } from '../../errors.ts';

export type Source =
  | {
      kind: 'npm' | 'pypi';
      name: string;
      version: string | undefined;
      bin: string | undefined;
      args: string[];
    }
  | { kind: 'command'; command: string[] };

type Package = Extract<Source, { name: string }>;

/** Words that start a package, by the program before them. */
const NPM: Record<string, string[]> = {
  npx: [],
  pnpx: [],
  bunx: [],
  npm: ['exec', 'x'],
  pnpm: ['dlx'],
  bun: ['x'],
};
const PYPI: Record<string, string[]> = { uvx: [], uv: ['tool', 'run'], pipx: ['run'] };

const CONTAINERS = new Set(['docker', 'podman', 'nerdctl']);
const SHELLS = new Set(['sh', 'bash', 'zsh', 'dash', 'fish', 'cmd', 'powershell', 'pwsh', 'sudo', 'env']);

/**
 * @param command argv, as it was behind `--`
 * @throws UserError for what could not be run in a container, or is not pinned
 */
export function sourceOf(command: string[]): Source {
  const [program = '', ...rest] = command;
  const name = basename(program);
  if (CONTAINERS.has(name))
    throw refused(
      name,
      'a service of the gateway gets no container engine. Give the command that the image runs, such as npx or uvx with its package',
    );
  if (SHELLS.has(name))
    throw refused(
      name,
      'a server is started without a shell. Give its own command and arguments, and variables with --env',
    );
  const npm = packageWords(NPM, name, rest);
  if (npm !== undefined) return npmPackage(name, npm);
  const pypi = packageWords(PYPI, name, rest);
  if (pypi !== undefined) return pypiPackage(name, pypi);
  return { kind: 'command', command };
}

function refused(what: string, why: string): UserError {
  return new UserError(`${what}: ${why}.`, EXIT.usage);
}

/** @returns what stands behind the words that start a package; undefined when this starts none */
function packageWords(
  table: Record<string, string[]>,
  program: string,
  rest: string[],
): string[] | undefined {
  const words = Object.hasOwn(table, program) ? table[program] : undefined;
  if (words === undefined) return undefined;
  if (words.length === 0) return rest;
  // `npm exec` and `npm x` are alternatives, `uv tool run` is one after the other.
  if (program === 'uv') return rest[0] === 'tool' && rest[1] === 'run' ? rest.slice(2) : undefined;
  return words.includes(rest[0] ?? '') ? rest.slice(1) : undefined;
}

interface Split {
  /** Of the option that names the package. */
  from: string | undefined;
  /** The package or command, and its arguments. */
  words: string[];
}

/** Takes the options of the runner itself, which stand before its first word. */
function split(program: string, rest: string[], named: string[], ignored: string[]): Split {
  let from: string | undefined;
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at] as string;
    if (word === '--') return { from, words: rest.slice(at + 1) };
    if (!word.startsWith('-')) return { from, words: rest.slice(at) };
    const [option = '', value] = word.split(/=(.*)/s, 2);
    if (ignored.includes(word)) continue;
    if (!named.includes(option))
      throw refused(program, `its option ${option} is not understood here; leave it out`);
    if (from !== undefined)
      throw refused(program, `only one ${option} can be taken: a service is one package`);
    from = value ?? rest[(at += 1)];
  }
  return { from, words: [] };
}

function npmPackage(program: string, rest: string[]): Package {
  const { from, words } = split(program, rest, ['-p', '--package'], ['-y', '--yes', '-q', '--quiet']);
  const spec = from ?? words[0] ?? '';
  const match = /^((?:@[\w.~-]+\/)?[\w~-][\w.~-]*)(?:@([\w.+~^-]+))?$/.exec(spec);
  if (match === null || /\.tgz$/.test(spec))
    throw notNamed(program, spec, 'npm', '@scope/server or server@1.2.3');
  const version = match[2] === 'latest' ? undefined : match[2];
  return {
    kind: 'npm',
    name: match[1] as string,
    version,
    bin: from === undefined ? undefined : words[0],
    args: words.slice(1),
  };
}

function pypiPackage(program: string, rest: string[]): Package {
  const { from, words } = split(program, rest, ['--from', '--spec'], ['-q', '--quiet']);
  const spec = from ?? words[0] ?? '';
  const match = /^([A-Za-z0-9][\w.-]*(?:\[[\w.,-]+\])?)(?:(?:==|@)([\w.+!-]+))?$/.exec(spec);
  if (match === null) throw notNamed(program, spec, 'PyPI', 'server or server==1.2.3');
  const name = match[1] as string;
  return {
    kind: 'pypi',
    name,
    version: match[2] === 'latest' ? undefined : match[2],
    // What such a runner starts when it is told nothing else.
    bin: from === undefined ? name.replace(/\[.*$/, '') : words[0],
    args: words.slice(1),
  };
}

function notNamed(program: string, spec: string, registry: string, example: string): UserError {
  return spec === ''
    ? refused(program, `the package is missing. Write for example: -- ${program} ${example.split(' ')[0]}`)
    : refused(
        program,
        `"${spec}" is no package of ${registry} with at most one exact version, like ${example}`,
      );
}
