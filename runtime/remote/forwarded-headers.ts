/**
 * What of a client's headers a remote server gets: the protocol's own, and nothing that says who the caller is or what
 * let them in. What is not named here stays behind.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { type Accepts, type Refusal, VERSION_HEADER } from '../proxy/http.ts';
import type { RpcMessage } from '../proxy/json-rpc.ts';

/** Passed as they are; the trace of W3C Trace Context names no person. */
const PASSED = [VERSION_HEADER, 'traceparent', 'tracestate'] as const;
/** MCP 2026-07-28: values of a tool's parameters, for whoever routes by them. */
const PARAM_PREFIX = 'mcp-param-';

/** MCP 2026-07-28, `HeaderMismatchError`. */
const HEADER_MISMATCH = -32020;

/** @param message the only one of the body; none of a batch, or where there is no body */
export function forwardedHeaders(
  headers: IncomingHttpHeaders,
  accepts: Accepts,
  message: RpcMessage | undefined,
): Record<string, string> {
  const names = accepts.json
    ? accepts.stream
      ? 'application/json, text/event-stream'
      : 'application/json'
    : 'text/event-stream';
  const forwarded: Record<string, string> = { accept: names };
  const pass = (name: string) => {
    const value = headers[name];
    if (typeof value === 'string' && value !== '') forwarded[name] = value;
  };
  for (const name of PASSED) pass(name);
  if (message === undefined || message.kind === 'response') return forwarded;
  pass('mcp-method');
  pass('mcp-name');
  for (const name of Object.keys(headers)) if (name.startsWith(PARAM_PREFIX)) pass(name);
  return forwarded;
}

/**
 * "Servers that process the request body MUST reject requests where the values specified in the headers do not match the
 * values in the request body" (MCP 2026-07-28, Streamable HTTP). Our rules read the body, so what stands behind the
 * server's door must not go by another name.
 */
export function headerMismatch(headers: IncomingHttpHeaders, message: RpcMessage): Refusal | undefined {
  if (message.kind === 'response') return undefined;
  const method = headers['mcp-method'];
  if (method !== undefined && method !== message.method) return mismatch('Mcp-Method');
  const name = headers['mcp-name'];
  const body = message.params?.[NAMED_BY[message.method] ?? ''];
  const expected = typeof body === 'string' ? body : undefined;
  if (name === undefined || !Object.hasOwn(NAMED_BY, message.method)) return undefined;
  return typeof name === 'string' && decoded(name) === expected ? undefined : mismatch('Mcp-Name');
}

/** The parameter that `Mcp-Name` repeats, by method. */
const NAMED_BY: Record<string, string> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

function mismatch(header: string): Refusal {
  return { status: 400, code: HEADER_MISMATCH, message: `${header} does not match the body.` };
}

/** A value that cannot stand in a header comes as `=?base64?…?=`. */
function decoded(value: string): string {
  const [, text] = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/.exec(value) ?? [];
  return text === undefined ? value : Buffer.from(text, 'base64').toString('utf8');
}
