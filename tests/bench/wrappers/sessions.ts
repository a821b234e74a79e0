/** What sessions cost and leave behind: the first answer, memory, children that outlive their client. */
import { setTimeout as delay } from 'node:timers/promises';
import { median } from '../statistics.ts';
import type { ClientSession } from './client.ts';
import { treeOf, type Tree } from './processes.ts';
import { IDLE_SECONDS, type Start } from './targets.ts';

/** How long a spare may take until it waits for its session, in milliseconds. */
const SPARE_MS = 2_000;

/** Sessions that are opened at once: more would only wait for each other. */
const TOGETHER = 5;

/** @returns milliseconds from `initialize` to the end of its answer, the median of `rounds` sessions */
export async function measureFirstAnswer(start: Start, rounds: number, spares: boolean): Promise<number> {
  const target = await start();
  const times: number[] = [];
  try {
    const client = target.client();
    // The first session compiles the wrapper, and tells it of which command to keep spares.
    for (let round = 0; round <= rounds; round++) {
      const session = await client.open();
      if (round > 0) times.push(session.firstAnswerMs);
      await session.delete();
      if (spares) await delay(SPARE_MS);
    }
  } finally {
    await target.stop();
  }
  return median(times);
}

export interface SessionMemory {
  /** By the number of sessions, 0 among them. */
  trees: Map<number, Tree>;
}

/** @param counts ascending */
export async function measureMemory(start: Start, counts: number[]): Promise<SessionMemory> {
  const target = await start();
  const trees = new Map<number, Tree>();
  const sessions: ClientSession[] = [];
  try {
    const client = target.client('bench:1', 4);
    // What the first request alone needs is no session's share.
    const first = await client.open();
    await first.call(1);
    await first.delete();
    await delay(2_000);
    trees.set(0, treeOf(target.pid));
    for (const count of counts) {
      while (sessions.length < count) {
        const more = Math.min(TOGETHER, count - sessions.length);
        const opened = await Promise.all(Array.from({ length: more }, () => client.open()));
        for (const session of opened) await session.call(sessions.push(session));
      }
      await delay(2_000);
      trees.set(count, treeOf(target.pid));
    }
  } finally {
    await target.stop();
  }
  return { trees };
}

export interface Leftovers {
  /** Descendants before any session. */
  before: number;
  open: number;
  afterDelete: number;
  afterVanishing: number;
}

/**
 * Opens sessions with a stream each and ends them with DELETE; then opens as many, whose client is gone at once.
 *
 * @param start told of `IDLE_SECONDS`
 * @param settleMs how long after that idle time is looked again
 */
export async function measureLeftovers(start: Start, sessions: number, settleMs: number): Promise<Leftovers> {
  const target = await start();
  const children = (): number => treeOf(target.pid).pids.length - 1;
  try {
    const before = children();
    const client = target.client();
    const opened: ClientSession[] = [];
    for (let index = 0; index < sessions; index++) {
      const session = await client.open();
      await session.call(index + 1);
      opened.push(session);
    }
    const open = children();
    await Promise.all(opened.map((session) => session.delete()));
    await delay(2_000);
    const afterDelete = children();
    const other = target.client('bench:2', 2 * sessions);
    for (let index = 0; index < sessions; index++) {
      const session = await other.open();
      await session.call(index + 1);
      await session.listen();
    }
    await other.vanish();
    await delay(IDLE_SECONDS * 1000 + settleMs);
    return { before, open, afterDelete, afterVanishing: children() };
  } finally {
    await target.stop();
  }
}
