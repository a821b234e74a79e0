/** tmux's command line on a server of our own: an argv for each call, no shell, no configuration file of anybody. */
import { execFile } from 'node:child_process';

/** Runs tmux commands, each an argv, in turn and in one go. @returns what they printed @throws TmuxError */
export type Tmux = (...commands: string[][]) => Promise<string>;

/** tmux refused; the message is its own. */
export class TmuxError extends Error {
  override name = 'TmuxError';
  /** No terminal is open, so there is no server either. */
  get noServer(): boolean {
    return /^(?:no server running on|error connecting to)/.test(this.message);
  }
}

export interface TmuxOptions {
  /** Where the client, and so each new terminal, starts. */
  cwd: string;
  /** Path of the server's socket from `cwd`: an absolute one can be longer than the 107 bytes that the system takes. */
  socket: string;
  env: Record<string, string>;
}

/** tmux answers at once; one that does not is broken. */
const TIMEOUT_MS = 10_000;
/** More than a whole history can be. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export function createTmux(tmux: TmuxOptions): Tmux {
  const { cwd, env } = tmux;
  const options = { cwd, env, timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES };
  return (...commands) =>
    new Promise((resolve, reject) => {
      execFile('tmux', tmuxArgs(tmux, commands), options, (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const own = stderr.trim().split('\n').at(-1);
        reject(new TmuxError(own || (error.killed ? 'tmux does not answer' : error.message)));
      });
    });
}

/** @returns the arguments of tmux, by which it asks our server alone; with `-u` it writes UTF-8, whatever the locale is */
export function tmuxArgs({ socket }: TmuxOptions, commands: string[][], flags: string[] = []): string[] {
  return ['-u', '-S', socket, '-f', '/dev/null', ...flags, ...chained(commands)];
}

function chained(commands: string[][]): string[] {
  return commands.flatMap((words, index) => [...(index === 0 ? [] : [';']), ...words.map(plainWord)]);
}

/** An argument that ends with `;` ends a command of tmux; with `\;` it is one of its letters. */
export function plainWord(word: string): string {
  return word.endsWith(';') ? `${word.slice(0, -1)}\\;` : word;
}
