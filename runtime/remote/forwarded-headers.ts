/**
 * What of a client's headers a remote server gets: the protocol's own, and nothing that says who the caller is or what
 * let them in. What is not named here stays behind.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { type Accepts, type Refusal, VERSION_HEADER } from '../proxy/http.ts';
import type { RpcMessage } from '../proxy/messages/json-rpc.ts';
import { methodDisagreement, nameDisagreement } from '../proxy/modern/envelope/headers.ts';

/** Passed as they are; the trace of W3C Trace Context names no person. */
const PASSED = [VERSION_HEADER, 'traceparent', 'tracestate'] as const;
/** MCP 2026-07-28: values of a tool's parameters, for whoever routes by them. */
const PARAM_PREFIX = 'mcp-param-';

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
  return methodDisagreement(headers, message.method) ?? nameDisagreement(headers, message);
}
