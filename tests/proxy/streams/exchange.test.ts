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
