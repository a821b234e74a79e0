/** The one place of the CLI that runs another program: `docker`. */
import type { Readable } from 'node:stream';
import { execa } from 'execa';

export interface RunOptions {
  /** Gives it the person's own terminal; then `stdout` and `stderr` of the result are empty. */
  terminal?: boolean;
  /** Called for each line as it comes; then the outputs in the result are empty. */
  onLine?: (line: string, from: 'stdout' | 'stderr') => void;
  /** Ends it. The reason of the abort is thrown. */
  signal?: AbortSignal | undefined;
}

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs `docker` with these arguments to its end; a code other than 0 is no error.
 * @throws DockerMissingError, and the reason of the signal's abort
 */
export type RunDocker = (argv: string[], options?: RunOptions) => Promise<RunResult>;

/** There is no `docker` on the PATH. */
export class DockerMissingError extends Error {
  override name = 'DockerMissingError';
}

/** How long a program that is told to end may take, in milliseconds, before it is killed. */
const KILL_AFTER_MS = 5_000;

export const runDocker: RunDocker = async (argv, { terminal = false, onLine, signal } = {}) => {
  signal?.throwIfAborted();
  const running = execa('docker', argv, {
    reject: false,
    stripFinalNewline: false,
    forceKillAfterDelay: KILL_AFTER_MS,
    // Suggestions of other products are not part of a result.
    env: { DOCKER_CLI_HINTS: 'false' },
    stdin: terminal ? 'inherit' : 'ignore',
    stdout: terminal ? 'inherit' : 'pipe',
    stderr: terminal ? 'inherit' : 'pipe',
    // Lines that were handed on are not kept: `logs --follow` has no end.
    buffer: onLine === undefined,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  if (onLine !== undefined) {
    eachLine(running.stdout, (line) => onLine(line, 'stdout'));
    eachLine(running.stderr, (line) => onLine(line, 'stderr'));
  }
  const { exitCode, code, stdout, stderr } = await running;
  signal?.throwIfAborted();
  if (code === 'ENOENT') throw new DockerMissingError('there is no docker on the PATH');
  return { code: exitCode ?? 1, stdout: stdout ?? '', stderr: stderr ?? '' };
};

/** Ends lines at a line feed alone: `node:readline` would also cut one at a carriage return inside it. */
function eachLine(stream: Readable | null, take: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(take);
  });
  stream?.on('end', () => {
    if (rest !== '') take(rest);
  });
}
