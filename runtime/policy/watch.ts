/**
 * Watches texts by reading them again and again: a notification of the file system is not reliable on a bind mount, and a
 * time of change not exact enough to tell two changes apart. The files are small.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../config/log.ts';

/** A change is seen within this time, in milliseconds. */
export const WATCH_INTERVAL_MS = 300;

/**
 * A changed text counts when it reads the same after this time, in milliseconds: many programs empty a file before they
 * write it, and half a policy may be a good one that denies less.
 */
const SETTLE_MS = 100;

export interface WatchOptions<Texts> {
  read: () => Promise<Texts>;
  /**
   * Puts changed texts into force.
   * @throws whatever is wrong with them; what held before then goes on to hold
   */
  apply: (texts: Texts) => void;
  /** What is in force already. */
  initial: Texts;
  logger: Logger;
  intervalMs?: number;
  settleMs?: number;
}

export interface Watch {
  /** Looks at once. */
  check: () => Promise<void>;
  /** Resolves when no look is under way any more. */
  close: () => Promise<void>;
}

/** A text that is broken, or cannot be read, is told of once. */
export function watchTexts<Texts>(options: WatchOptions<Texts>): Watch {
  const { read, apply, initial, logger, intervalMs = WATCH_INTERVAL_MS, settleMs = SETTLE_MS } = options;
  let seen = JSON.stringify(initial);
  let trouble = '';
  let closed = false;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const complain = (error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason === trouble) return;
    trouble = reason;
    logger.error({ reason }, 'the changed access rules cannot be used; the last good ones go on to hold');
  };
  const look = async () => {
    try {
      const now = JSON.stringify(await read());
      if (closed || now === seen) return;
      await sleep(settleMs);
      const texts = await read();
      if (closed || JSON.stringify(texts) !== now) return;
      seen = now;
      apply(texts);
      trouble = '';
      logger.info({}, 'changed access rules are in force');
    } catch (error) {
      complain(error);
    }
  };
  const check = () => (running ??= look().finally(() => (running = undefined)));
  const next = () => {
    if (closed) return;
    timer = setTimeout(() => void check().then(next), intervalMs);
    timer.unref();
  };
  next();
  return {
    check,
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
}
