/** A server's answer on its way to the client: its content, and nothing else of what the server says in headers. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { replyJson } from '../../proxy/http.ts';
import { STREAM_HEADERS } from '../../proxy/streams/sse.ts';
import type { RemoteLimits } from '../limits.ts';
import type { UpstreamResponse } from '../upstream.ts';
import type { EventStreamRewriter } from './event-stream.ts';
import { endWaiting } from './patience.ts';

type Body = UpstreamResponse['body'];

/** The server's answer is longer than it may be. */
export class TooLongError extends Error {
  override name = 'TooLongError';
}

/**
 * Reads a whole body.
 * @throws TooLongError, or what ended it early
 */
export async function readBounded(body: Body, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new TooLongError(`more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** Passes JSON on as it comes; one that turns out too long, or ends early, ends the client's connection. */
export async function relayJson(
  res: ServerResponse,
  upstream: UpstreamResponse,
  headers: OutgoingHttpHeaders,
  limits: RemoteLimits,
): Promise<void> {
  const declared = Number(upstream.headers['content-length']);
  if (declared > limits.maxMessageBytes) throw new TooLongError(`${declared} bytes`);
  const length = Number.isSafeInteger(declared) ? { 'content-length': declared } : {};
  let bytes = 0;
  for await (const chunk of upstream.body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limits.maxMessageBytes) throw new TooLongError(`more than ${limits.maxMessageBytes} bytes`);
    // Not before: what fails at once can still be answered with why.
    if (!res.headersSent) res.writeHead(200, { 'content-type': 'application/json', ...length, ...headers });
    if (!res.write(chunk)) await drained(res, limits.stalledMs);
  }
  if (!res.headersSent) res.writeHead(200, { 'content-type': 'application/json', ...headers });
  res.end();
}

/** Answers with the text once it is whole. */
export async function relayRewritten(
  res: ServerResponse,
  upstream: UpstreamResponse,
  rewrite: (text: string) => string,
  headers: OutgoingHttpHeaders,
  limits: RemoteLimits,
): Promise<void> {
  const body = await readBounded(upstream.body, limits.maxMessageBytes);
  replyJson(res, 200, rewrite(body.toString('utf8')), headers);
}

/** Answers with the text as the one event of a stream that has begun already. */
export async function relayAsEvent(
  res: ServerResponse,
  upstream: UpstreamResponse,
  rewrite: (text: string) => string,
  limits: RemoteLimits,
): Promise<void> {
  const body = await readBounded(upstream.body, limits.maxMessageBytes);
  res.end(eventOf(rewrite(body.toString('utf8'))));
}

/** @param message JSON text, which may be of several lines */
export function eventOf(message: string): string {
  const lines = message.split(/\r\n|\n|\r/).map((line) => `data: ${line}`);
  return `event: message\n${lines.join('\n')}\n\n`;
}

export interface StreamOptions {
  rewriter: EventStreamRewriter;
  headers: OutgoingHttpHeaders;
  limits: RemoteLimits;
  /** Messages that come before the server's. */
  first: string[];
}

/** Passes events on one by one, as fast as the client reads, and keeps the connection alive between them. */
export async function relayStream(res: ServerResponse, body: Body, options: StreamOptions): Promise<void> {
  const { rewriter, headers, limits, first } = options;
  if (!res.headersSent) {
    res.writeHead(200, { ...STREAM_HEADERS, ...headers });
    res.flushHeaders();
  }
  const comment = () => {
    // Everything that was written are whole events, so this never comes in the middle of one.
    if (!res.writableNeedDrain && !res.writableEnded) res.write(': keep-alive\n\n');
  };
  const timer = setInterval(comment, limits.keepAliveSeconds * 1000);
  try {
    for (const message of first) res.write(eventOf(message));
    for await (const chunk of body as AsyncIterable<Buffer>) {
      const events = rewriter.push(chunk);
      if (events === '') continue;
      endWaiting(res);
      if (!res.write(events)) await drained(res, limits.stalledMs);
    }
  } finally {
    clearInterval(timer);
  }
  res.end();
}

/** @throws when the client has gone away, or does not read for too long */
async function drained(res: ServerResponse, stalledMs: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => finish(new Error('the client does not read')), stalledMs);
    const onDrain = () => finish();
    const onClose = () => finish(new Error('the client went away'));
    const finish = (error?: Error) => {
      clearTimeout(timer);
      res.off('drain', onDrain);
      res.off('close', onClose);
      if (error === undefined) resolve();
      else reject(error);
    };
    res.once('drain', onDrain);
    res.once('close', onClose);
    if (res.destroyed) onClose();
  });
}
