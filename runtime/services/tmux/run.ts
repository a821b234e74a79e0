/** Runs a command in a terminal to its end, or until time is up; the terminal goes on either way. */
import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { capture } from './screen.ts';
import { marker, parseState, runLine } from './shell.ts';
import { HISTORY_LINES, target, TerminalError, type Terminals } from './terminals.ts';

export interface RunOptions {
  timeoutMs: number;
  /** Ends the wait, not the command. */
  signal: AbortSignal;
}

export interface RunResult {
  /** Undefined: it has not ended, or its shell has. */
  exitCode?: number;
  /** What the terminal showed of it. */
  output: string;
  ended: 'exited' | 'timed-out' | 'shell-gone';
  /** The beginning of the output is no longer there: the screen was cleared, or the history is full. */
  beginningGone: boolean;
}

/** Of a shell that was just started. */
const FIRST_PROMPT_MS = 10_000;
/** Of what was typed a moment ago. */
const SETTLE_MS = 2_000;
/** What a shell has written reaches tmux at once; but it is another process. */
const SHOWN_MS = 2_000;
const FIRST_POLL_MS = 10;
const MAX_POLL_MS = 200;
/** Enough for most commands; more is looked at when their beginning is not in it. */
const RECENT_LINES = 500;

/**
 * @throws TerminalError when there is no such session, or it does not wait for a command
 */
export async function runCommand(
  terminals: Terminals,
  session: string,
  command: string,
  { timeoutMs, signal }: RunOptions,
): Promise<RunResult> {
  const files = terminals.filesOf(session);
  const run = randomBytes(4).toString('hex');
  await claim(terminals, session, run, signal);
  const file = `${files}.${run}`;
  await writeFile(file, command, { mode: 0o600 });
  try {
    const keys = ['send-keys', '-t', target(session)];
    // Whatever is half typed there is not part of it.
    await terminals.tmux([...keys, 'C-e', 'C-u'], [...keys, '-l', runLine(run)], [...keys, 'Enter']);
    const ended = await poll(terminals, session, signal, timeoutMs, () => exitCodeIn(`${file}.end`));
    if (ended === 'gone') return { ended: 'shell-gone', output: '', beginningGone: true };
    const exitCode = ended === 'timed-out' ? {} : { exitCode: ended };
    const shown = await shownOf(terminals, session, run, ended !== 'timed-out');
    return { ...exitCode, ...shown, ended: ended === 'timed-out' ? 'timed-out' : 'exited' };
  } finally {
    // The command's own file is the shell's to remove: it may not have come to it yet.
    await rm(`${file}.end`, { force: true });
  }
}

async function exitCodeIn(file: string): Promise<number | undefined> {
  const text = await textOf(file);
  return text?.endsWith('\n') ? Number(text) : undefined;
}

function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

/**
 * Makes a shell at its prompt ours. Another call, in this process or in another one of this user, may want it too: of
 * several that rename the file of its state, one gets what says that it is idle.
 */
async function claim(terminals: Terminals, session: string, run: string, signal: AbortSignal): Promise<void> {
  const state = `${terminals.filesOf(session)}.state`;
  const mine = `${state}.${run}`;
  for (;;) {
    await ready(terminals, session, signal);
    const renamed = await rename(state, mine).then(
      () => true,
      () => false,
    );
    if (!renamed) continue;
    const idle = parseState(await readFile(mine, 'utf8')).at === 'idle';
    if (idle) await writeFile(state, 'busy\n', { flag: 'wx', mode: 0o600 }).catch(() => undefined);
    // It was another's already: put back, unless the shell has said something newer.
    else await link(mine, state).catch(() => undefined);
    await rm(mine, { force: true });
    if (idle) return;
  }
}

/** Resolves when the shell is at its prompt. */
async function ready(terminals: Terminals, session: string, signal: AbortSignal): Promise<void> {
  const settled = performance.now() + SETTLE_MS;
  const file = `${terminals.filesOf(session)}.state`;
  const state = await poll(terminals, session, signal, FIRST_PROMPT_MS, async () => {
    const now = parseState(await textOf(file));
    return now.at === 'idle' || (now.at !== 'start' && performance.now() > settled) ? now : undefined;
  });
  if (state === 'gone') await terminals.get(session);
  if (typeof state === 'object' && state.at === 'idle') return;
  const { running } = await terminals.get(session);
  const what =
    typeof state === 'object' && state.at === 'more'
      ? 'waits for the rest of a command (an open quote or bracket)'
      : `is busy with ${running}`;
  throw busy(session, what);
}

function busy(session: string, what: string): TerminalError {
  return new TerminalError(
    `session ${session} ${what}: look with capture_pane, send_keys to it (C-c interrupts), or use another session`,
  );
}

/** Looks again and again until there is something. Files are looked at often, tmux rarely: that costs a process. */
async function poll<T>(
  terminals: Terminals,
  session: string,
  signal: AbortSignal,
  timeoutMs: number,
  look: () => Promise<T | undefined>,
): Promise<T | 'timed-out' | 'gone'> {
  const deadline = performance.now() + timeoutMs;
  let pauseMs = FIRST_POLL_MS;
  let nextLook = performance.now() + MAX_POLL_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() >= deadline) return 'timed-out';
    if (performance.now() >= nextLook) {
      if (!(await terminals.list()).some(({ name }) => name === session)) return 'gone';
      nextLook = performance.now() + 5 * MAX_POLL_MS;
    }
    await delay(Math.min(pauseMs, Math.max(1, deadline - performance.now())), undefined, { signal });
    pauseMs = Math.min(pauseMs * 1.5, MAX_POLL_MS);
  }
}

/** @param whole it has ended, so that the line behind its output is on its way, if not there yet */
async function shownOf(
  { tmux }: Terminals,
  session: string,
  run: string,
  whole: boolean,
): Promise<{ output: string; beginningGone: boolean }> {
  const deadline = performance.now() + SHOWN_MS;
  const endOf = (text: string) => text.lastIndexOf(`${marker(run)}exit `);
  let text = await capture(tmux, session, { historyLines: RECENT_LINES });
  while (whole && endOf(text) === -1 && performance.now() < deadline) {
    await delay(FIRST_POLL_MS);
    text = await capture(tmux, session, { historyLines: RECENT_LINES });
  }
  if (outputOf(text, run, whole).beginningGone)
    text = await capture(tmux, session, { historyLines: HISTORY_LINES });
  return outputOf(text, run, whole);
}

/** What is between the line in front of a command's output and the one behind it. */
export function outputOf(
  text: string,
  run: string,
  whole: boolean,
): { output: string; beginningGone: boolean } {
  const end = whole ? text.lastIndexOf(`${marker(run)}exit `) : -1;
  const before = end === -1 ? text : text.slice(0, end);
  const first = before.indexOf(`${marker(run)}$ `);
  if (first === -1) return { output: before.replace(/\n$/, ''), beginningGone: true };
  const lineEnd = before.indexOf('\n', first);
  return {
    output: lineEnd === -1 ? '' : before.slice(lineEnd + 1).replace(/\n$/, ''),
    beginningGone: false,
  };
}
