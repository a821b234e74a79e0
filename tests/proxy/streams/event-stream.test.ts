import { describe, expect, it } from 'vitest';
import { EventStream, type StreamOwner } from '../../../runtime/proxy/streams/event-stream.ts';
import { Replay, ReplayBudget } from '../../../runtime/proxy/streams/replay.ts';
import type { SseStream } from '../../../runtime/proxy/streams/sse.ts';

/** One connection, which the test closes. */
class Connection {
  open = true;
  readonly events: string[] = [];
  readonly #listeners: (() => void)[] = [];

  sendEvent(event: Buffer): boolean {
    if (this.open) this.events.push(event.toString('utf8'));
    return this.open;
  }
  onClose(listener: () => void): void {
    this.#listeners.push(listener);
  }
  keepAlive(): void {}
  end(): void {
    this.open = false;
  }
  destroy(): void {
    this.open = false;
  }
  /** As node tells it: later than it has happened. */
  closed(): void {
    this.open = false;
    for (const each of this.#listeners) each();
  }
}

function streamOf(collects: boolean) {
  let now = 0;
  const told: string[] = [];
  const budget = new ReplayBudget(1000);
  const options = { maxMessages: 10, maxBytes: 1000, now: () => now, onDropped: () => undefined };
  const replay = new Replay<EventStream>({ budget, ...options });
  const owner: StreamOwner = {
    collects,
    onLost: () => void told.push('lost'),
    onResumed: () => void told.push('resumed'),
  };
  const connection = new Connection();
  const stream = new EventStream(replay, owner, connection as unknown as SseStream);
  const forget = (): void => {
    now += 10;
    replay.dropBefore(now);
  };
  const known = (sequence = 0): boolean => replay.find(replay.idOf(stream.number, sequence)) !== undefined;
  const resume = (sequence: number): Connection => {
    const next = new Connection();
    stream.resume(next as unknown as SseStream, sequence);
    return next;
  };
  return { stream, connection, told, forget, known, resume };
}

const line = (text: string): Buffer => Buffer.from(JSON.stringify(text));

describe('a stream', () => {
  it('of which nothing is kept is forgotten with its connection, and not before', () => {
    const { stream, connection, forget, known } = streamOf(false);
    stream.prime();
    forget();
    expect(known()).toBe(true);
    connection.closed();
    expect(known()).toBe(false);
  });

  it('of which nothing is kept is forgotten with its end', () => {
    const { stream, connection, forget, known } = streamOf(true);
    stream.prime();
    connection.closed();
    forget();
    expect(known()).toBe(true);
    stream.end();
    expect(known()).toBe(false);
  });

  it('that has ended takes nothing more', () => {
    const { stream, connection, known } = streamOf(true);
    stream.prime();
    expect(stream.send(line('last'))).toBe(true);
    stream.end();
    expect([stream.send(line('too late')), known(1)]).toEqual([false, true]);
    expect(connection.events).toHaveLength(2);
  });

  it('without an id takes nothing while no connection carries it: nobody could come for it', () => {
    const { stream, connection, told } = streamOf(true);
    connection.closed();
    expect([stream.send(line('lost')), told]).toEqual([false, ['lost']]);
  });

  it('is carried by the last connection alone, however late the others are told to be closed', () => {
    const { stream, connection, told, resume } = streamOf(true);
    stream.prime();
    const second = resume(0);
    stream.send(line('a'));
    connection.closed();
    expect([told, stream.connected, connection.events.length, second.events.length]).toEqual([
      ['resumed'],
      true,
      1,
      1,
    ]);
    second.closed();
    expect(told).toEqual(['resumed', 'lost']);
    stream.send(line('b'));
    stream.end();
    // It ends over the connection that comes for the rest, whose close is no loss.
    const third = resume(0);
    expect([third.events.length, third.open]).toEqual([2, false]);
    third.closed();
    expect(told).toEqual(['resumed', 'lost']);
  });

  it('whose reader is cut off in the middle of what it came for gives the rest to the next', () => {
    const { stream, connection, resume } = streamOf(true);
    stream.prime();
    connection.closed();
    for (const text of ['a', 'b', 'c']) stream.send(line(text));
    const cut = new Connection();
    cut.sendEvent = function (event) {
      if (this.events.length === 1) this.closed();
      return Connection.prototype.sendEvent.call(this, event);
    };
    stream.resume(cut as unknown as SseStream, 0);
    expect(cut.events).toHaveLength(1);
    const next = resume(1);
    expect(next.events.map((event) => /"(.)"/.exec(event)?.[1])).toEqual(['b', 'c']);
  });
});
