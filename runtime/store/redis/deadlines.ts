/** @returns what settles as `asked` does, or rejects when that takes too long */
export type Within = <Reply>(asked: Promise<Reply>) => Promise<Reply>;

interface Waiting {
  /** On the clock of `performance.now()`. */
  untilMs: number;
  reject: (error: Error) => void;
}

/**
 * One timer for all that is under way. ioredis's `commandTimeout` sets and clears one for each command, which costs more
 * processor time than the command.
 *
 * @param timeoutMs how long each may take, milliseconds
 */
export function createDeadlines(timeoutMs: number): Within {
  // In the order in which they began, which is that of their ends.
  const waiting = new Set<Waiting>();
  let watched = false;

  const watch = (delayMs: number): void => {
    watched = true;
    setTimeout(look, delayMs).unref();
  };
  const look = (): void => {
    watched = false;
    const nowMs = performance.now();
    for (const each of waiting) {
      if (each.untilMs > nowMs) return watch(each.untilMs - nowMs);
      waiting.delete(each);
      each.reject(new Error(`no answer within ${timeoutMs} ms`));
    }
  };

  return (asked) =>
    new Promise((resolve, reject) => {
      const each = { untilMs: performance.now() + timeoutMs, reject };
      waiting.add(each);
      if (!watched) watch(timeoutMs);
      asked.then(
        (reply) => {
          waiting.delete(each);
          resolve(reply);
        },
        (error: Error) => {
          waiting.delete(each);
          reject(error);
        },
      );
    });
}
