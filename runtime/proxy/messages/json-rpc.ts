/**
 * JSON-RPC 2.0 as MCP uses it (2025-11-25, Base Protocol): ids are strings or integers, never null; params are objects. A
 * server's messages are only looked at, and the bytes that came in go out; a client's are written anew (`incoming.ts`).
 */

import { isExactNumber } from './exact-json.ts';

export type RpcId = string | number;

export type RpcMessage =
  | { kind: 'request'; id: RpcId; method: string; params: Record<string, unknown> | undefined }
  | { kind: 'notification'; method: string; params: Record<string, unknown> | undefined }
  /** `id` is null in the answer to a message that could not be read. */
  | { kind: 'response'; id: RpcId | null; result: unknown; error?: Record<string, unknown> };

export type RpcRequest = Extract<RpcMessage, { kind: 'request' }>;
export type RpcNotification = Extract<RpcMessage, { kind: 'notification' }>;
export type RpcResponse = Extract<RpcMessage, { kind: 'response' }>;

export const ErrorCode = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** The proxy's own: the server is gone, busy, or the request was given up. */
  server: -32000,
  /** What the official SDKs answer with 404. */
  sessionNotFound: -32001,
  /** MCP 2026-07-28, `HeaderMismatchError`. */
  headerMismatch: -32020,
  /** MCP 2026-07-28, `MissingRequiredClientCapabilityError`. */
  missingCapability: -32021,
  /** MCP 2026-07-28, `UnsupportedProtocolVersionError`; its `data.supported` tells newer clients what to fall back to. */
  unsupportedProtocolVersion: -32022,
} as const;

/**
 * @returns what `value` is, or undefined when it is not a message of MCP. What peers would understand differently, or not at
 *   all so that its answer never comes, is none: a method beside a result, an id that is not exact, params that are no object
 */
export function classify(value: unknown): RpcMessage | undefined {
  if (!isObject(value) || value['jsonrpc'] !== '2.0') return undefined;
  if ('method' in value) return classifyCall(value);
  const { id, error } = value;
  if (isObject(error)) return { kind: 'response', id: isId(id) ? id : null, result: undefined, error };
  return 'result' in value && isId(id) ? { kind: 'response', id, result: value['result'] } : undefined;
}

function classifyCall(value: Record<string, unknown>): RpcMessage | undefined {
  const { id, method } = value;
  if (typeof method !== 'string' || 'result' in value || 'error' in value) return undefined;
  // Null is what some libraries write for "none".
  const params = value['params'] ?? undefined;
  if (params !== undefined && !isObject(params)) return undefined;
  if (!('id' in value)) return { kind: 'notification', method, params };
  return isId(id) ? { kind: 'request', id, method, params } : undefined;
}

/** @returns `message` as JSON text, with the members that were understood and no other */
export function textOf(message: RpcMessage): string {
  const jsonrpc = '2.0';
  if (message.kind === 'response') {
    const { id, result, error } = message;
    return JSON.stringify(error === undefined ? { jsonrpc, id, result } : { jsonrpc, id, error });
  }
  const { method, params } = message;
  if (message.kind === 'notification') return JSON.stringify({ jsonrpc, method, params });
  return JSON.stringify({ jsonrpc, id: message.id, method, params });
}

/** @returns the token under which the other side will report progress of this request */
export function progressTokenOf(request: RpcRequest): RpcId | undefined {
  const meta = request.params?.['_meta'];
  const token = isObject(meta) ? meta['progressToken'] : undefined;
  return isId(token) ? token : undefined;
}

/** An integer beyond 2^53 is none: two of them may be one number here. */
export function isId(value: unknown): value is RpcId {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value);
}

/** @returns a JSON-RPC error response as JSON text */
export function errorText(id: RpcId | null, code: number, message: string, data?: unknown): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code, message, ...(data === undefined ? {} : { data }) },
  });
}

/** @returns undefined for a response */
export function methodOf(message: RpcMessage | undefined): string | undefined {
  return message === undefined || message.kind === 'response' ? undefined : message.method;
}

/** The same as the line that a client reads. */
export function errorLine(id: RpcId | null, code: number, message: string, data?: unknown): Buffer {
  return Buffer.from(errorText(id, code, message, data));
}

/** @returns the notification that tells the server to stop working on `requestId` */
export function cancelledText(requestId: RpcId, reason: string): string {
  return JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId, reason } });
}

const ID_AT_START = /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(-?\d+|"(?:[^"\\]|\\.)*")\s*,/;
const ID_AT_END = /,\s*"id"\s*:\s*(-?\d+|"(?:[^"\\]|\\.)*")\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/;

/**
 * The id of a response that was too long to be kept. Servers write it as one of the first or of the last members; an id
 * deeper inside would be a guess, so there is none then.
 */
export function idOfFragments(head: Buffer, tail: Buffer): RpcId | undefined {
  const found = ID_AT_START.exec(head.toString('utf8'))?.[1] ?? ID_AT_END.exec(tail.toString('utf8'))?.[1];
  if (found === undefined) return undefined;
  try {
    const id: unknown = JSON.parse(found);
    return isId(id) ? id : undefined;
  } catch {
    return undefined;
  }
}
