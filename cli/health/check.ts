/** One question about a gateway, and its answer. */

export type CheckName =
  | 'dns'
  | 'tls'
  | 'discovery'
  | 'jwks'
  | 'store'
  /** Whether the admin API gives the tokens for the checks that need one. */
  | 'token'
  | 'metadata'
  | 'challenge'
  | 'initialize'
  | 'tools';

export type CheckState = 'ok' | 'warning' | 'failed' | 'skipped';

export interface CheckResult {
  check: CheckName;
  /** A host for `dns` and `tls`, a service for `metadata` and what follows it, else `gateway`. */
  subject: string;
  state: CheckState;
  ms: number;
  /** What was found, or what is wrong. */
  detail: string;
  /** What to do about it. */
  remedy?: string;
  /** The last lines that a server wrote which cannot start. */
  output?: string[];
}

export interface Finding {
  detail: string;
  /** With it, the finding is a warning. */
  remedy?: string;
  /** The time that counts, when it is not that of the whole check. */
  ms?: number;
}

/** A check found something wrong. */
export class CheckFailure extends Error {
  override name = 'CheckFailure';
  readonly remedy: string;
  readonly output: string[];
  constructor(problem: string, remedy: string, output: string[] = []) {
    super(problem);
    this.remedy = remedy;
    this.output = output;
  }
}

/** Runs checks and takes their time. */
export interface Checker {
  /**
   * @param work finds something, or throws: a `CheckFailure`, or anything that `explain` puts into words
   * @returns never rejects
   */
  run(check: CheckName, subject: string, work: () => Promise<Finding>): Promise<CheckResult>;
}

/**
 * @param nowMs a clock for durations, in milliseconds
 * @param explain words for what is not a `CheckFailure`
 */
export function createChecker(
  nowMs: () => number,
  explain: (error: unknown, subject: string) => { problem: string; remedy: string },
): Checker {
  return {
    run: async (check, subject, work) => {
      const beganMs = nowMs();
      const taken = () => Math.round((nowMs() - beganMs) * 10) / 10;
      try {
        const { detail, remedy, ms = taken() } = await work();
        const state = remedy === undefined ? 'ok' : 'warning';
        return { check, subject, state, ms, detail, ...(remedy !== undefined && { remedy }) };
      } catch (error) {
        const ms = taken();
        if (!(error instanceof CheckFailure)) {
          const { problem, remedy } = explain(error, subject);
          return { check, subject, state: 'failed', ms, detail: problem, remedy };
        }
        const { message, remedy, output } = error;
        const more = output.length > 0 ? { output } : {};
        return { check, subject, state: 'failed', ms, detail: message, remedy, ...more };
      }
    },
  };
}

/** @param detail why it could not be asked */
export function skipped(check: CheckName, subject: string, detail: string): CheckResult {
  return { check, subject, state: 'skipped', ms: 0, detail };
}
