/** @returns what settles as `asked` does, or rejects when that takes too long */
export type Within = <Reply>(asked: Promise<Reply>) => Promise<Reply>;

/** A link of the ring of all that is under way, in the order in which they began, which is that of their ends. */
interface Waiting {
  /** On the clock of `performance.now()`. */
  untilMs: number;
  reject: (error: Error) => void;
  before: Waiting;
  after: Waiting;
}

/**
 * One timer for all that is under way. ioredis's `commandTimeout` sets and clears one for each command, which costs more
 * processor time than the command. No `Set` either: a table that it has outgrown keeps what was in it, and once the
 * collector has taken such a table for old, all that came after.
 *
 * @param timeoutMs how long each may take, milliseconds
 */
export function createDeadlines(timeoutMs: number): Within {
  const ring = createRing();
  let watched = false;

  const watch = (delayMs: number): void => {
    watched = true;
    setTimeout(look, delayMs).unref();
  };
  const look = (): void => {
    watched = false;
    const nowMs = performance.now();
    for (let each = ring.after; each !== ring; each = ring.after) {
      if (each.untilMs > nowMs) return watch(each.untilMs - nowMs);
      unlink(each);
      each.reject(new Error(`no answer within ${timeoutMs} ms`));
    }
  };

  return (asked) =>
    new Promise((resolve, reject) => {
      const each = { untilMs: performance.now() + timeoutMs, reject, before: ring.before, after: ring };
      ring.before.after = each;
      ring.before = each;
      if (!watched) watch(timeoutMs);
      asked.then(
        (reply) => {
          unlink(each);
          resolve(reply);
        },
        (error: Error) => {
          unlink(each);
          reject(error);
        },
      );
    });
}

/** @returns the link before the first and after the last */
function createRing(): Waiting {
  const ring = { untilMs: Infinity, reject: () => undefined } as unknown as Waiting;
  ring.before = ring;
  ring.after = ring;
  return ring;
}

/** What was taken out holds on to nothing. */
function unlink(each: Waiting): void {
  each.before.after = each.after;
  each.after.before = each.before;
  each.before = each;
  each.after = each;
}
