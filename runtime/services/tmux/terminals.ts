/**
 * The terminals of one user: sessions of a tmux server of their own. They stay until they are killed, their shell exits,
 * or this process ends; then the server ends, too, and with it everything that runs in them.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { RC_FILE, TERMINAL } from './shell.ts';
import { removeStale } from './stale.ts';
import { createTmux, type Tmux, TmuxError } from './tmux.ts';

/** Fit for a target of tmux, where `:`, `.`, `=`, `@`, `$` and `%` mean something. */
export const SESSION_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export const MAX_SESSIONS = 20;
/** Lines that scrolled off the screen and are kept. */
export const HISTORY_LINES = 10_000;

export interface Terminal {
  name: string;
  /** ISO 8601. */
  created: string;
  width: number;
  height: number;
  /** Name of what runs in front. */
  running: string;
}

export interface Size {
  width: number;
  height: number;
}

/** What was asked cannot be done; the message says why, to the model that asked. */
export class TerminalError extends Error {
  override name = 'TerminalError';
}

export interface TerminalsOptions {
  /** Absolute path of the user's folder, where each terminal starts. */
  folder: string;
  /** Of the shells. */
  env: Record<string, string>;
}

/** What tmux is asked of a session, and how it is taken apart. The name of a process can have anything in it, so it comes last. */
const FORMAT = ['session_name', 'session_created', 'window_width', 'window_height', 'pane_current_command']
  .map((name) => `#{${name}}`)
  .join('\t');

export class Terminals {
  /** Socket, rc file, and what shells say; gone with this process. */
  readonly #home: string;
  readonly tmux: Tmux;
  /** Sessions in which `run_command` waits for an end. */
  readonly taken = new Set<string>();

  /** @throws when the user's folder cannot be written to */
  constructor({ folder, env }: TerminalsOptions) {
    const homes = join(folder, '.tmux');
    mkdirSync(homes, { recursive: true, mode: 0o700 });
    this.#home = mkdtempSync(join(homes, 'run-'));
    writeFileSync(join(this.#home, 'rc'), RC_FILE, { mode: 0o600 });
    this.tmux = createTmux({ cwd: folder, socket: relative(folder, join(this.#home, 'socket')), env });
    void removeStale(homes, this.#home);
  }

  /** @param name of a session @returns the path that the names of all its files begin with */
  filesOf(name: string): string {
    return join(this.#home, `session-${name}`);
  }

  /** @throws TerminalError */
  async create(name: string, { width, height }: Size): Promise<Terminal> {
    if ((await this.list()).length >= MAX_SESSIONS)
      throw new TerminalError(`there are ${MAX_SESSIONS} sessions already; end one with kill_session first`);
    const files = this.filesOf(name);
    const shell = ['env', `${TERMINAL}=${files}`, 'bash', '--rcfile', join(this.#home, 'rc'), '-i'];
    const size = ['-x', String(width), '-y', String(height)];
    try {
      await this.tmux(
        // One that ends with its last session might do so just when the next one comes.
        ['set-option', '-s', 'exit-empty', 'off'],
        ['set-option', '-g', 'history-limit', String(HISTORY_LINES)],
        ['set-option', '-g', 'status', 'off'],
        ['set-option', '-g', 'default-terminal', 'screen-256color'],
        ['set-option', '-s', 'escape-time', '0'],
        ['new-session', '-d', '-s', name, ...size, ...shell],
      );
    } catch (error) {
      if (error instanceof TmuxError && error.message.startsWith('duplicate session'))
        throw new TerminalError(`there is a session ${name} already`);
      throw error;
    }
    return this.get(name);
  }

  async list(): Promise<Terminal[]> {
    const text = await this.tmux(['list-sessions', '-F', FORMAT]).catch((error: unknown) => {
      if (error instanceof TmuxError && error.noServer) return '';
      throw error;
    });
    return text.split('\n').flatMap((line) => terminalOf(line) ?? []);
  }

  /** @throws TerminalError when there is none of that name */
  async get(name: string): Promise<Terminal> {
    const all = await this.list();
    const found = all.find((terminal) => terminal.name === name);
    if (found !== undefined) return found;
    const there = all.length === 0 ? 'there is none' : `there are ${all.map((each) => each.name).join(', ')}`;
    throw new TerminalError(`there is no session ${name}; ${there}`);
  }

  async resize(name: string, { width, height }: Size): Promise<void> {
    await this.tmux(['resize-window', '-t', target(name), '-x', String(width), '-y', String(height)]);
  }

  async kill(name: string): Promise<void> {
    await this.get(name);
    await this.tmux(['kill-session', '-t', target(name)]);
    rmSync(`${this.filesOf(name)}.state`, { force: true });
  }

  /** Ends the server, every shell, and what is on disk of them. What ignores a hangup is left to whoever started us. */
  async end(): Promise<void> {
    await this.tmux(['kill-server']).catch(() => undefined);
    rmSync(this.#home, { recursive: true, force: true });
  }
}

/** @returns what names exactly this session, and its pane, to tmux */
export function target(name: string): string {
  return `=${name}:`;
}

function terminalOf(line: string): Terminal | undefined {
  const [name = '', created, width, height, ...running] = line.split('\t');
  if (running.length === 0) return undefined;
  return {
    name,
    created: new Date(Number(created) * 1000).toISOString(),
    width: Number(width),
    height: Number(height),
    running: running.join('\t'),
  };
}
