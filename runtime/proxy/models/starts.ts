/**
 * What the last starts of each command showed. A server that cannot start is not tried with every request, and whoever
 * asks is told why without another try.
 */

/** Starts that may fail in a row before the next one has to wait. */
const FREE_FAILURES = 2;
const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 60_000;
/** Commands that are remembered; with a folder for each user there is one for each. */
const MAX_COMMANDS = 1000;

export interface Waiting {
  /** A clause: "exited with code 1". */
  reason: string;
  waitMs: number;
}

/** Why nothing can be started. */
export interface StartProblem {
  /** A clause: "exited with code 1". */
  reason: string;
  /** @returns the last lines that the server wrote beside the protocol; of the operator's, not of callers' */
  output: () => string[];
}

interface Failures {
  count: number;
  reason: string;
  untilMs: number;
}

/** @returns how long to wait after so many failures in a row, in milliseconds */
export function backoffMs(failures: number): number {
  if (failures < FREE_FAILURES) return 0;
  return Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - FREE_FAILURES, 16));
}

export class Starts {
  readonly #now: () => number;
  readonly #failures = new Map<string, Failures>();
  #problem: StartProblem | undefined;
  #tried = 0;
  #failed = 0;

  /** @param now milliseconds since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Why the last start failed; undefined when it did not, or there was none. */
  get problem(): StartProblem | undefined {
    return this.#problem;
  }

  get counts(): { tried: number; failed: number } {
    return { tried: this.#tried, failed: this.#failed };
  }

  /** @returns for how long this command may not be started, and why; undefined when it may */
  waiting(key: string): Waiting | undefined {
    const failures = this.#failures.get(key);
    const waitMs = (failures?.untilMs ?? 0) - this.#now();
    return failures === undefined || waitMs <= 0 ? undefined : { reason: failures.reason, waitMs };
  }

  trying(): void {
    this.#tried += 1;
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
    this.#problem = undefined;
  }

  /** The start took so long that nobody waited for its end: no reason not to try again at once. */
  late(problem: StartProblem): void {
    this.#problem = problem;
  }

  failed(key: string, problem: StartProblem): void {
    const { reason } = problem;
    this.#failed += 1;
    this.#problem = problem;
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    this.#failures.delete(key);
    this.#failures.set(key, { count, reason, untilMs: this.#now() + backoffMs(count) });
    if (this.#failures.size <= MAX_COMMANDS) return;
    for (const oldest of this.#failures.keys()) {
      this.#failures.delete(oldest);
      return;
    }
  }
}
