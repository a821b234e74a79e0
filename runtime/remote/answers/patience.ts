/**
 * A server that answers with JSON says nothing until it is done, and middle boxes cut connections that are silent for too
 * long. So a call that takes its time becomes an event stream with comments, in which the answer is the one event.
 */
import type { ServerResponse } from 'node:http';
import { STREAM_HEADERS } from '../../proxy/streams/sse.ts';

/** Responses of which the client has nothing but headers and comments. */
const waiting = new WeakSet<ServerResponse>();

/** @returns whether nothing of an answer has gone out yet, though its headers have */
export function isWaiting(res: ServerResponse): boolean {
  return waiting.has(res);
}

/** @returns ends the comments, once there is an answer */
export function keepWaiting(res: ServerResponse, intervalSeconds: number): { stop(): void } {
  const timer = setInterval(() => {
    if (res.destroyed || res.writableEnded) return clearInterval(timer);
    if (!res.headersSent) {
      waiting.add(res);
      res.writeHead(200, STREAM_HEADERS);
    }
    if (!res.writableNeedDrain) res.write(': keep-alive\n\n');
  }, intervalSeconds * 1000);
  return { stop: () => clearInterval(timer) };
}

/** To be called before the answer's first byte. */
export function endWaiting(res: ServerResponse): void {
  waiting.delete(res);
}
