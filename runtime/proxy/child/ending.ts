/** How children end: politely first (MCP 2025-11-25, Lifecycle, Shutdown, stdio: close the input, wait, SIGTERM, wait, SIGKILL). */
import { setTimeout as delay } from 'node:timers/promises';
import { signalGroup } from './process-group.ts';

export interface Graces {
  /** From closing the child's stdin to SIGTERM, in milliseconds. */
  stdinGraceMs: number;
  /** From SIGTERM to SIGKILL, in milliseconds. */
  termGraceMs: number;
}

const POLL_MS = 20;
/** After SIGKILL only the kernel is left to wait for. */
const KILL_WAIT_MS = 1000;
/** Kept of the time that a proxy has to close, for the children's own end. */
const END_SHARE = 0.5;

/**
 * @param graceMs by when all is over, in milliseconds
 * @returns how long calls may go on, in milliseconds, and with which graces the children end after that
 */
export function planClose(graceMs: number, graces: Graces): { callsMs: number; graces: Graces } {
  const childrenMs = graceMs * END_SHARE;
  return {
    callsMs: graceMs - childrenMs,
    graces: {
      stdinGraceMs: Math.min(graces.stdinGraceMs, childrenMs * 0.3),
      termGraceMs: Math.min(graces.termGraceMs, childrenMs * 0.5),
    },
  };
}

/** The end of a process group, whose leader's input has been closed. */
export class GroupEnd {
  readonly #pid: number;
  readonly #leaderExited: () => boolean;
  readonly #graces: Graces = { stdinGraceMs: Infinity, termGraceMs: Infinity };
  #gone = false;

  /** @param leaderExited whether the leader has exited and been waited for */
  constructor(pid: number, leaderExited: () => boolean) {
    this.#pid = pid;
    this.#leaderExited = leaderExited;
  }

  /** May be called while it runs, too; longer graces than before change nothing. */
  shorten({ stdinGraceMs, termGraceMs }: Graces): void {
    this.#graces.stdinGraceMs = Math.min(this.#graces.stdinGraceMs, stdinGraceMs);
    this.#graces.termGraceMs = Math.min(this.#graces.termGraceMs, termGraceMs);
  }

  /** @returns whether nothing of the group is left */
  async run(): Promise<boolean> {
    if (await this.#goneWithin(() => this.#graces.stdinGraceMs)) return true;
    this.#signal('SIGTERM');
    if (await this.#goneWithin(() => this.#graces.termGraceMs)) return true;
    this.#signal('SIGKILL');
    // It cannot be refused. What is seen of the group after it are zombies that a careless init has not waited for.
    this.#gone = true;
    return this.#goneWithin(() => KILL_WAIT_MS);
  }

  #signal(signal: NodeJS.Signals): void {
    if (!this.#gone && !signalGroup(this.#pid, signal)) this.#gone = true;
  }

  async #goneWithin(ms: () => number): Promise<boolean> {
    const started = performance.now();
    for (;;) {
      const exited = this.#leaderExited();
      // Until its leader has been waited for, the group's id cannot be anybody else's; once empty, it is never used again.
      if (exited && !this.#gone && !signalGroup(this.#pid, 0)) this.#gone = true;
      if (exited && this.#gone) return true;
      if (performance.now() - started >= ms()) return false;
      await delay(POLL_MS);
    }
  }
}
