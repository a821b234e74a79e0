/** Which version of a package is current, and what it installs: asked of npm's and PyPI's own clients. */
import { execa } from 'execa';
import { npmViewArgs } from '../../../runtime/install/npm-view.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { Source } from './source.ts';

/** How long a registry may take, in milliseconds. */
const TIMEOUT_MS = 60_000;

export interface ToolResult {
  /** Undefined: the program is not on this machine. */
  code: number | undefined;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end; a code other than 0 is no error. */
export type RunTool = (file: string, args: string[]) => Promise<ToolResult>;

export const runTool: RunTool = async (file, args) => {
  const { exitCode, stdout, stderr, code, timedOut } = await execa(file, args, {
    reject: false,
    stdin: 'ignore',
    timeout: TIMEOUT_MS,
  });
  return {
    code: code === 'ENOENT' ? undefined : (exitCode ?? 1),
    stdout: stdout ?? '',
    stderr: timedOut ? `no answer within ${TIMEOUT_MS / 1000} s` : (stderr ?? ''),
  };
};

/** The catalog's `package`, with an exact version. */
export type PinnedPackage = ({ npm: string } | { pypi: string }) & { version: string; bin: string };

type Package = Exclude<Source, { kind: 'command' }>;

/**
 * @param version instead of the one in the source, or of the current one
 * @throws UserError when there is no such package, version or command of it
 */
export async function pin(
  source: Package,
  version: string | undefined,
  run: RunTool,
): Promise<PinnedPackage> {
  const wanted = version ?? source.version;
  return source.kind === 'npm' ? pinNpm(source, wanted, run) : pinPypi(source, wanted, run);
}

interface NpmAnswer {
  version: string;
  bin?: string | Record<string, string>;
}

async function pinNpm(source: Package, wanted: string | undefined, run: RunTool): Promise<PinnedPackage> {
  const spec = `${source.name}@${wanted ?? 'latest'}`;
  const { code, stdout, stderr } = await run('npm', npmViewArgs(spec, 'version', 'bin'));
  if (code === undefined)
    throw new UserError('npm is not on this machine, and it is needed to look at the package');
  if (code !== 0) throw npmFailure(spec, `${stdout}\n${stderr}`);
  const answer = npmAnswer(stdout);
  if (answer === undefined)
    throw new UserError(`npm has no ${spec}. See the versions with: npm view ${source.name} versions`);
  return { npm: source.name, version: answer.version, bin: npmBin(source, answer) };
}

function npmFailure(spec: string, text: string): UserError {
  if (/E404|ETARGET|No match found/.test(text))
    return new UserError(`npm has no ${spec}. Look at its name and version.`);
  const reason =
    text.split('\n').find((line) => /npm (?:error|ERR!)/.test(line)) ?? text.trim().split('\n')[0] ?? '';
  return new UserError(`npm could not say what ${spec} is: ${reason.replace(/^npm (?:error|ERR!) ?/, '')}`);
}

/** A range has several versions, in their order; nothing at all is what an unknown tag gives. */
function npmAnswer(stdout: string): NpmAnswer | undefined {
  try {
    const value = JSON.parse(stdout) as NpmAnswer | NpmAnswer[];
    const last = Array.isArray(value) ? value.at(-1) : value;
    return typeof last?.version === 'string' ? last : undefined;
  } catch {
    return undefined;
  }
}

function npmBin(source: Package, { bin }: NpmAnswer): string {
  const own = source.name.replace(/^@[^/]*\//, '');
  const names = typeof bin === 'string' ? [own] : Object.keys(bin ?? {});
  if (source.bin !== undefined) {
    if (names.includes(source.bin)) return source.bin;
    throw new UserError(`${source.name} has no command ${source.bin}; it has ${names.join(', ') || 'none'}.`);
  }
  const [first] = names;
  if (first === undefined) throw new UserError(`${source.name} has no command that could be started.`);
  if (names.length === 1 || names.includes(own)) return names.length === 1 ? first : own;
  throw new UserError(
    `${source.name} has several commands: ${names.join(', ')}. Say which: -- npx -p ${source.name} ${first}`,
    EXIT.usage,
  );
}

async function pinPypi(source: Package, wanted: string | undefined, run: RunTool): Promise<PinnedPackage> {
  const plain = source.name.replace(/\[.*$/, '');
  const bin = source.bin ?? plain;
  // Versions before a release are for those who name them.
  const flags = [
    '-m',
    'pip',
    '--disable-pip-version-check',
    'index',
    'versions',
    plain,
    ...(wanted === undefined ? [] : ['--pre']),
  ];
  const { code, stdout, stderr } = await run('python3', flags);
  const versions = /Available versions: (.*)/
    .exec(stdout)?.[1]
    ?.split(',')
    .map((each) => each.trim());
  if (code === 0 && versions !== undefined) {
    const version = wanted ?? versions[0];
    if (version !== undefined && versions.includes(version)) return { pypi: source.name, version, bin };
    throw new UserError(`PyPI has no ${plain}==${wanted}; it has ${versions.slice(0, 5).join(', ')} …`);
  }
  if (/No matching distribution/.test(stderr) && !/Retrying/.test(stderr))
    throw new UserError(`PyPI has no ${plain}. Look at its name.`);
  // Without pip nobody can be asked; whoever knows the version can go on.
  if (wanted !== undefined) return { pypi: source.name, version: wanted, bin };
  const why =
    code === undefined ? 'there is no python3 on this machine' : (stderr.trim().split('\n').at(-1) ?? '');
  throw new UserError(
    `pip could not say which version of ${plain} is current (${why}). Say it with --version.`,
  );
}
