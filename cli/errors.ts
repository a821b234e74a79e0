/** Exit codes of every command (STYLE: errors speak to the person). */
export const EXIT = { done: 0, failed: 1, usage: 2, unhealthy: 3, interrupted: 130 } as const;

/** Something that the person can put right: the message says what happened, where, and what to do next. */
export class UserError extends Error {
  override name = 'UserError';
  readonly exitCode: number;
  /** @param exitCode one of `EXIT` */
  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The person pressed Ctrl-C; `message` says what state that leaves. */
export class InterruptedError extends UserError {
  override name = 'InterruptedError';
  constructor(message: string) {
    super(message, EXIT.interrupted);
  }
}
