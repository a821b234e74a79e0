/**
 * From the command that a server's own documentation gives to where the server comes from. A package of npm or PyPI is
 * named as such, so that it is fetched once, at one version, and no package manager lives beside each child.
 */
import { basename } from 'node:path';
import {
  NPX,
  type Runner,
  runnerCommand,
  type RunnerCommand,
  type RunnerPrograms,
  UVX,
} from '../../../runtime/install/runner.ts';
import { EXIT, UserError } from '../../errors.ts';

export type Source =
  | {
      kind: Runner;
      name: string;
      version: string | undefined;
      bin: string | undefined;
      args: string[];
    }
  | { kind: 'command'; command: string[] };

/** What documentations name as well; the package is then npm's or PyPI's all the same. */
const OTHERS: RunnerPrograms = {
  pnpx: { runner: 'npm', options: NPX, words: [[]] },
  bunx: { runner: 'npm', options: NPX, words: [[]] },
  pnpm: { runner: 'npm', options: NPX, words: [['dlx']] },
  bun: { runner: 'npm', options: NPX, words: [['x']] },
  pipx: { runner: 'pypi', options: { ...UVX, package: ['--spec'], python: [] }, words: [['run']] },
};

const CONTAINERS = new Set(['docker', 'podman', 'nerdctl']);
const SHELLS = new Set(['sh', 'bash', 'zsh', 'dash', 'fish', 'cmd', 'powershell', 'pwsh', 'sudo', 'env']);

const EXAMPLES = { npm: '@scope/server or server@1.2.3', pypi: 'server or server==1.2.3' };

/**
 * @param command argv, as it was behind `--`
 * @throws UserError for what could not be run in a container, or is not pinned
 */
export function sourceOf(command: string[]): Source {
  const name = basename(command[0] ?? '');
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
  const found = runnerCommand(command, OTHERS);
  if (found === undefined) return { kind: 'command', command };
  if ('reason' in found)
    throw refused(
      name,
      `${found.reason}. What is taken is one package, at most with one version, such as ${EXAMPLES.npm} of npm, ${EXAMPLES.pypi} of PyPI, and its arguments`,
    );
  return packageOf(name, found);
}

function packageOf(program: string, { runner, spec, bin, args, with: more, python }: RunnerCommand): Source {
  if (more.length > 0 || python !== undefined)
    throw refused(
      program,
      `its ${more.length > 0 ? 'further requirements' : 'choice of a Python'} cannot be taken: a service is one package. Leave them out`,
    );
  return { kind: runner, name: spec.name, version: spec.version, bin, args };
}

function refused(what: string, why: string): UserError {
  return new UserError(`${what}: ${why}.`, EXIT.usage);
}
