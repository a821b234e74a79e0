import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EventStream, StreamOwner } from '../../../runtime/proxy/streams/event-stream.ts';
import { Exchange } from '../../../runtime/proxy/streams/exchange.ts';

const RESUME_MS = 15_000;
const LINE = Buffer.from('{}');

/** An exchange that is a stream already; `owner` hears what becomes of its connections. */
function streaming({ resumable = true } = {}) {
  const gone = vi.fn();
  let owner: StreamOwner | undefined;
  const stream = { resumable, connected: true, send: () => true, keepAlive: () => undefined, end: vi.fn() };
  const exchange = new Exchange(new EventEmitter() as ServerResponse, {
    ...{
      requests: 1,
      batch: false,
      accepts: { json: true, stream: true },
      openedAtMs: 0,
      resumeMs: RESUME_MS,
    },
    openStream: (_res, own) => {
      owner = own;
      return stream as unknown as EventStream;
    },
    onWrite: () => undefined,
    onGone: gone,
  });
  exchange.send(LINE);
  if (owner === undefined) throw new Error('no stream');
  return { exchange, owner, gone, stream };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a stream that its client has lost', () => {
  it('is waited for so long, and no longer', () => {
    const { owner, gone } = streaming();
    owner.onLost?.();
    vi.advanceTimersByTime(RESUME_MS - 1);
    expect(gone).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(gone).toHaveBeenCalledOnce();
  });

  it('is as good as before once the client is back, and each loss is waited for anew', () => {
    const { owner, gone } = streaming();
    for (let i = 0; i < 3; i += 1) {
      owner.onLost?.();
      vi.advanceTimersByTime(RESUME_MS - 1);
      owner.onResumed?.();
      vi.advanceTimersByTime(10 * RESUME_MS);
    }
    // Two connections that break without a return between them.
    owner.onLost?.();
    vi.advanceTimersByTime(RESUME_MS - 1);
    owner.onLost?.();
    vi.advanceTimersByTime(RESUME_MS - 1);
    expect(gone).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(gone).toHaveBeenCalledOnce();
  });

  it('is not waited for once everything is answered, or where there is nothing to come back with', () => {
    const { exchange, owner, gone, stream } = streaming();
    owner.onLost?.();
    exchange.answer(LINE);
    expect(stream.end).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(10 * RESUME_MS);
    owner.onLost?.();
    vi.advanceTimersByTime(10 * RESUME_MS);
    expect(gone).not.toHaveBeenCalled();
    const other = streaming({ resumable: false });
    other.owner.onLost?.();
    expect(other.gone).toHaveBeenCalledOnce();
  });
});

/** A reply, and what it was answered with. */
class Res extends EventEmitter {
  headersSent = false;
  destroyed = false;
  writableEnded = false;
  said = '';
  type: unknown;

  writeHead(_status: number, headers: Record<string, unknown>): void {
    this.headersSent = true;
    this.type = headers['content-type'];
  }
  flushHeaders(): void {}
  end(body: Buffer | string = ''): void {
    this.writableEnded = true;
    this.said += body.toString();
  }
}

/** An exchange of `requests`; what goes on its stream is in `sent`. */
function exchangeOf(options: { requests: number; batch?: boolean; json?: boolean; stream?: boolean }) {
  const { requests, batch = false, json = true, stream = true } = options;
  const res = new Res();
  const sent: string[] = [];
  const events = {
    connected: true,
    resumable: true,
    keepAlive: () => undefined,
    end: () => sent.push('end'),
  };
  const exchange = new Exchange(res as unknown as ServerResponse, {
    ...{ requests, batch, accepts: { json, stream }, openedAtMs: 0, resumeMs: RESUME_MS },
    openStream: () =>
      ({ ...events, send: (line: Buffer) => sent.push(line.toString()) }) as unknown as EventStream,
    onWrite: () => undefined,
    onGone: () => undefined,
  });
  return { exchange, res, sent };
}

describe('a batch', () => {
  it('is answered with one array, what its client gave up among it', () => {
    const { exchange, res, sent } = exchangeOf({ requests: 3, batch: true });
    exchange.answer(Buffer.from('1'));
    exchange.withdraw(Buffer.from('"given up"'));
    expect(res.said).toBe('');
    exchange.answer(Buffer.from('3'));
    expect([JSON.parse(res.said), res.type, sent]).toEqual([[1, 'given up', 3], 'application/json', []]);
  });

  it('that becomes a stream begins with the answers that are there already', () => {
    const { exchange, res, sent } = exchangeOf({ requests: 2, batch: true });
    exchange.answer(Buffer.from('1'));
    exchange.send(Buffer.from('"progress"'));
    exchange.answer(Buffer.from('2'));
    expect([sent, res.said]).toEqual([['1', '"progress"', '2', 'end'], '']);
  });
});

describe('a request that its client gave up', () => {
  it('is answered with an error to a client that takes only JSON, and with nothing on a stream', () => {
    const json = exchangeOf({ requests: 1, stream: false });
    json.exchange.withdraw(Buffer.from('"given up"'));
    expect([json.res.said, json.res.type]).toEqual(['"given up"', 'application/json']);
    const stream = exchangeOf({ requests: 1 });
    stream.exchange.withdraw(Buffer.from('"given up"'));
    expect([stream.res.said, stream.res.type, stream.sent]).toEqual(['', 'text/event-stream', []]);
    const begun = exchangeOf({ requests: 1 });
    begun.exchange.send(LINE);
    begun.exchange.withdraw(Buffer.from('"given up"'));
    expect(begun.sent).toEqual(['{}', 'end']);
  });
});
