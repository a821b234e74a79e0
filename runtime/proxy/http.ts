/** HTTP rules of Streamable HTTP (MCP 2025-11-25, Transports) as functions of single headers, and the replies. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { errorText, type RpcId } from './messages/json-rpc.ts';

export const SESSION_HEADER = 'mcp-session-id';
export const VERSION_HEADER = 'mcp-protocol-version';
export const LAST_EVENT_HEADER = 'last-event-id';

/** The revision without a handshake. */
export const MODERN_VERSION = '2026-07-28';
/** The revisions with the `initialize` handshake, the newest first. 2024-11-05 is here because servers may answer it. */
export const HANDSHAKE_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;
/** All that are served, the newest first. */
export const SERVED_VERSIONS = [MODERN_VERSION, ...HANDSHAKE_VERSIONS] as const;
/** The one revision in which a POST may carry a batch. */
export const BATCH_VERSION = '2025-03-26';

export interface Accepts {
  json: boolean;
  stream: boolean;
}

/** Of a refusal that may not be repeated at once. */
export const RETRY_AFTER: OutgoingHttpHeaders = { 'retry-after': '30' };

const BOTH: Accepts = { json: true, stream: true };
const STANDARD_ACCEPT = 'application/json, text/event-stream';

/** @param header the `Accept` header; absent means anything (RFC 9110 §12.5.1) */
export function parseAccept(header: string | undefined): Accepts {
  if (header === undefined || header === STANDARD_ACCEPT) return BOTH;
  const ranges = header
    .toLowerCase()
    .split(',')
    .filter((range) => !/;\s*q=0(\.0*)?\s*(;|$)/.test(range))
    .map((range) => range.split(';', 1)[0]?.trim());
  const accepts = (...names: string[]): boolean => names.some((name) => ranges.includes(name));
  return {
    json: accepts('application/json', 'application/*', '*/*'),
    stream: accepts('text/event-stream', 'text/*', '*/*'),
  };
}

/** @param header the `Content-Type` header, parameters allowed */
export function isJson(header: string | undefined): boolean {
  if (header === 'application/json') return true;
  return header?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
}

/** A body up to this long goes out in one piece with its head, in bytes. */
const ONE_PIECE_BYTES = 64 * 1024;

/** Answers with `body`, a JSON text, in one write. */
export function replyJson(
  res: ServerResponse,
  status: number,
  body: string | Buffer,
  headers?: OutgoingHttpHeaders,
): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': typeof body === 'string' ? Buffer.byteLength(body) : body.length,
    ...headers,
  });
  // Node puts a string behind the head, and a buffer into a vector beside it, which costs more; Latin-1 keeps every byte.
  if (typeof body !== 'string' && body.length <= ONE_PIECE_BYTES) res.end(body.toString('latin1'), 'latin1');
  else res.end(body);
}

export function replyEmpty(res: ServerResponse, status: 202 | 204): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, status === 202 ? { 'content-length': 0 } : {});
  res.end();
}

/** A request that is refused; `handle` turns it into one reply. */
export interface Refusal {
  status: number;
  code: number;
  message: string;
  data?: unknown;
  headers?: OutgoingHttpHeaders;
}

/** @param id the request's id, where it is known */
export function refuse(res: ServerResponse, refusal: Refusal, id: RpcId | null = null): void {
  replyJson(res, refusal.status, errorText(id, refusal.code, refusal.message, refusal.data), refusal.headers);
}
