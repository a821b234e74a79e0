import type { Logger } from '../../config/log.ts';

/** Lines that may be logged in one burst, and what is added to that each second. */
const BURST_LINES = 5000;
const LINES_PER_SECOND = 500;
const MAX_LINE_CHARS = 2000;
/** Lines that are kept, to tell why a server cannot start, and how much of each. */
const KEPT_LINES = 5;
const MAX_KEPT_CHARS = 300;
/** What is shorter is in every other word. */
const MIN_SECRET_CHARS = 4;

/**
 * Writes what a child says outside the protocol to the log, one entry per line. A child that floods is cut short, and
 * the number of lines left out is logged: neither the disk nor the event loop is the child's to fill.
 */
export class LineLog {
  readonly #logger: Logger;
  readonly #fields: object;
  readonly #now: () => number;
  #allowance = BURST_LINES;
  #refilledAt: number;
  #dropped = 0;
  readonly #secrets: string[];
  readonly #last: string[] = [];

  /**
   * @param now milliseconds since the epoch
   * @param secrets that no line may show
   */
  constructor(logger: Logger, fields: object, now: () => number, secrets: string[] = []) {
    // A key of several lines is written a line at a time.
    this.#secrets = secrets
      .flatMap((secret) => secret.split(/\r?\n/))
      .filter(({ length }) => length >= MIN_SECRET_CHARS);
    this.#logger = logger;
    this.#fields = fields;
    this.#now = now;
    this.#refilledAt = now();
  }

  /** The last lines, cut short. */
  get last(): string[] {
    return [...this.#last];
  }

  write(level: 'info' | 'warn', text: string, message: string): void {
    const line = this.#withoutSecrets(text);
    const where = level === 'warn' ? 'not JSON-RPC, on stdout: ' : '';
    if (line.trim() !== '') this.#last.push(`${where}${line.slice(0, MAX_KEPT_CHARS)}`);
    if (this.#last.length > KEPT_LINES) this.#last.shift();
    const now = this.#now();
    const earned = ((now - this.#refilledAt) / 1000) * LINES_PER_SECOND;
    this.#allowance = Math.min(BURST_LINES, this.#allowance + earned);
    this.#refilledAt = now;
    if (this.#allowance < 1) {
      this.#dropped += 1;
      return;
    }
    this.#allowance -= 1;
    if (this.#dropped > 0) {
      this.#logger.warn({ ...this.#fields, dropped: this.#dropped }, 'server output left out of the log');
      this.#dropped = 0;
    }
    const bounded = line.length > MAX_LINE_CHARS ? `${line.slice(0, MAX_LINE_CHARS)}…` : line;
    this.#logger[level]({ ...this.#fields, line: bounded }, message);
  }

  #withoutSecrets(text: string): string {
    let line = text;
    for (const secret of this.#secrets) line = line.replaceAll(secret, '[REDACTED]');
    return line;
  }
}
