import { describe, expect, it } from 'vitest';
import { Replay, ReplayBudget, type ReplayStream } from '../../../runtime/proxy/streams/replay.ts';

interface TestStream extends ReplayStream {
  alive: boolean;
}

const budgetOf = (bytes: number): ReplayBudget => new ReplayBudget(bytes / 4);

function replayOf(budget: ReplayBudget, { maxMessages = 100, maxBytes = 1000 } = {}) {
  const dropped: unknown[] = [];
  let now = 0;
  const replay = new Replay<TestStream>({
    ...{ budget, maxMessages, maxBytes, now: () => now, onDropped: (id) => void dropped.push(id) },
  });
  const open = (): TestStream => ({ number: replay.nextNumber(), alive: true });
  const add = (stream: TestStream, sequence: number, bytes = 10, requestId?: string, sent = true): void => {
    replay.add(stream, { sequence, bytes: Buffer.alloc(bytes, sequence), requestId, sent });
  };
  const after = (stream: TestStream, sequence: number): number[] =>
    replay.after(stream, sequence).map((event) => event.sequence);
  return { replay, open, add, after, dropped, advance: (ms: number) => (now += ms) };
}

describe('what was sent', () => {
  it('is found by the id of an event, on its own stream only', () => {
    const { replay, open, add, after } = replayOf(budgetOf(1000));
    const [a, b] = [open(), open()];
    for (const sequence of [0, 1, 2]) {
      add(a, sequence);
      add(b, sequence);
    }
    expect(replay.find(replay.idOf(b.number, 1))).toEqual({ stream: b, sequence: 1 });
    expect(after(b, 1)).toEqual([2]);
    expect(replay.find(replay.idOf(3, 0))).toBeUndefined();
    const other = replayOf(budgetOf(1000));
    expect(other.replay.find(replay.idOf(b.number, 1))).toBeUndefined();
    // Also where that session has a stream of the same number.
    for (const stream of [other.open(), other.open()]) other.add(stream, 1);
    expect(other.replay.find(other.replay.idOf(b.number, 1))).toBeDefined();
    expect(other.replay.find(replay.idOf(b.number, 1))).toBeUndefined();
  });

  it('is bounded in number, in bytes and in age', () => {
    const few = replayOf(budgetOf(1000), { maxMessages: 2 });
    const stream = few.open();
    for (const sequence of [0, 1, 2]) few.add(stream, sequence);
    expect(few.after(stream, -1)).toEqual([1, 2]);

    const small = replayOf(budgetOf(1000), { maxBytes: 25 });
    for (const sequence of [0, 1, 2]) small.add(stream, sequence);
    expect(small.after(stream, -1)).toEqual([1, 2]);
    small.add(stream, 3, 26);
    expect([small.after(stream, -1), small.replay.bytes]).toEqual([[], 0]);

    const old = replayOf(budgetOf(1000));
    old.add(stream, 0);
    old.advance(10);
    old.add(stream, 1);
    old.replay.dropBefore(10);
    expect(old.after(stream, -1)).toEqual([1]);
  });

  it('is bounded for all sessions together, at the cost of whoever keeps the most', () => {
    const budget = budgetOf(100);
    const [hog, modest] = [replayOf(budget), replayOf(budget)];
    const [large, little] = [hog.open(), modest.open()];
    modest.add(little, 0);
    for (let sequence = 0; sequence < 20; sequence += 1) hog.add(large, sequence);
    expect([budget.bytes, hog.replay.bytes, modest.replay.bytes]).toEqual([100, 90, 10]);
    hog.replay.end();
    hog.replay.end();
    expect(budget.bytes).toBe(10);
    modest.replay.end();
    hog.add(large, 30);
    expect(budget.bytes).toBe(0);
  });

  it('tells of requests that nobody was sent', () => {
    const { open, add, dropped } = replayOf(budgetOf(1000), { maxMessages: 1 });
    const stream = open();
    add(stream, 0, 10, 'sent');
    add(stream, 1, 10, 'unsent', false);
    add(stream, 2);
    expect(dropped).toEqual(['unsent']);
  });

  it('keeps no stream of which nothing is left', () => {
    const { replay, open, add } = replayOf(budgetOf(1000), { maxMessages: 1 });
    for (let i = 0; i < 10; i += 1) {
      const stream = open();
      add(stream, 0);
      stream.alive = false;
      replay.release(stream);
    }
    expect(replay.streams).toBe(1);
  });
});
