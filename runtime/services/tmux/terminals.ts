/**
 * The terminals of one user: sessions of a tmux server of their own. All processes of ours that work for this user share
 * it. They stay until they are killed, their shell exits, or the last of these processes ends.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Keeper } from './keeper.ts';
import { RC_FILE, TERMINAL } from './shell.ts';
import { createTmux, type Tmux, TmuxError } from './tmux.ts';

/** Fit for a target of tmux, where `:`, `.`, `=`, `@`, `$` and `%` mean something. */
export const SESSION_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export const MAX_SESSIONS = 20;
/** Lines that scrolled off the screen and are kept. */
export const HISTORY_LINES = 5_000;

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

const HOME = '.tmux';
/** A shell that takes longer is slow, not broken. */
const FIRST_PROMPT_MS = 2_000;
const POLL_MS = 10;

const SETUP = [
  ['set-option', '-g', 'history-limit', String(HISTORY_LINES)],
  ['set-option', '-g', 'status', 'off'],
  ['set-option', '-g', 'default-terminal', 'screen-256color'],
  ['set-option', '-s', 'escape-time', '0'],
];

export class Terminals {
  /** Socket, rc file, and what shells say. */
  readonly #home: string;
  readonly #keeper: Keeper;
  readonly tmux: Tmux;

  /** @throws when the user's folder cannot be written to */
  constructor({ folder, env }: TerminalsOptions) {
    this.#home = join(folder, HOME);
    mkdirSync(this.#home, { recursive: true, mode: 0o700 });
    writeFileSync(join(this.#home, 'rc'), RC_FILE, { mode: 0o600 });
    const options = { cwd: folder, socket: join(HOME, 'socket'), env };
    this.tmux = createTmux(options);
    this.#keeper = new Keeper(this.tmux, options, SETUP);
  }

  /** @param name of a session @returns the path that the names of all its files begin with */
  filesOf(name: string): string {
    return join(this.#home, `session-${name}`);
  }

  /** @throws TerminalError */
  async create(name: string, { width, height }: Size): Promise<Terminal> {
    await this.#keeper.hold();
    const all = await this.list();
    if (all.some((terminal) => terminal.name === name)) throw duplicate(name);
    if (all.length >= MAX_SESSIONS)
      throw new TerminalError(`there are ${MAX_SESSIONS} sessions already; end one with kill_session first`);
    const files = this.filesOf(name);
    this.#forget(name);
    const shell = ['env', `${TERMINAL}=${files}`, 'bash', '--rcfile', join(this.#home, 'rc'), '-i'];
    const size = ['-x', String(width), '-y', String(height)];
    await this.tmux(['new-session', '-d', '-s', name, ...size, ...shell]).catch((error: unknown) => {
      if (error instanceof TmuxError && error.message.startsWith('duplicate session')) throw duplicate(name);
      throw error;
    });
    for (let waited = 0; waited < FIRST_PROMPT_MS && !existsSync(`${files}.state`); waited += POLL_MS)
      await delay(POLL_MS);
    return this.get(name);
  }

  async list(): Promise<Terminal[]> {
    const text = await this.tmux(['list-sessions', '-F', FORMAT]).catch((error: unknown) => {
      if (error instanceof TmuxError && error.noServer) return '';
      throw error;
    });
    return text
      .split('\n')
      .flatMap((line) => terminalOf(line) ?? [])
      .filter((terminal) => SESSION_NAME.test(terminal.name));
  }

  /** @throws TerminalError when there is none of that name */
  async get(name: string): Promise<Terminal> {
    const all = await this.list();
    const found = all.find((terminal) => terminal.name === name);
    if (found !== undefined) {
      // Whoever uses it keeps it, whoever opened it.
      await this.#keeper.hold();
      return found;
    }
    const there = all.length === 0 ? 'there is none' : `there are ${all.map((each) => each.name).join(', ')}`;
    throw new TerminalError(`there is no session ${name}; ${there}`);
  }

  async resize(name: string, { width, height }: Size): Promise<void> {
    await this.tmux(['resize-window', '-t', target(name), '-x', String(width), '-y', String(height)]);
  }

  async kill(name: string): Promise<void> {
    await this.get(name);
    await this.tmux(['kill-session', '-t', target(name)]);
    this.#forget(name);
  }

  #forget(name: string): void {
    const prefix = `${basename(this.filesOf(name))}.`;
    const files = readdirSync(this.#home).filter((file) => file.startsWith(prefix));
    for (const file of files) rmSync(join(this.#home, file), { force: true });
  }

  /** Lets go of the server, which ends when no other process of ours holds it. */
  end(): Promise<void> {
    return this.#keeper.release();
  }
}

function duplicate(name: string): TerminalError {
  return new TerminalError(`there is a session ${name} already`);
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
