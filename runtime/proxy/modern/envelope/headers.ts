/**
 * Headers that repeat what the body says, so that what stands between need not read it (MCP 2026-07-28, Streamable HTTP,
 * "Request Headers"): they must be there and agree, or the request is refused with -32020.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { type Refusal, VERSION_HEADER } from '../../http.ts';
import { ErrorCode, type RpcRequest } from '../../messages/json-rpc.ts';

const METHOD_HEADER = 'mcp-method';
const NAME_HEADER = 'mcp-name';

/** Which member of the params `Mcp-Name` repeats. */
const NAME_SOURCES = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

/** @returns why a header that is there says something else than the body */
export function disagreement(
  headers: IncomingHttpHeaders,
  version: string,
  method: string,
): Refusal | undefined {
  const { [VERSION_HEADER]: named } = headers;
  if (named !== undefined && named !== version)
    return mismatch(`MCP-Protocol-Version is ${String(named)}, but the body says ${version}`);
  return methodDisagreement(headers, method);
}

/** @returns why `Mcp-Method`, where it is there, says something else than the body */
export function methodDisagreement(headers: IncomingHttpHeaders, method: string): Refusal | undefined {
  const { [METHOD_HEADER]: called } = headers;
  if (called === undefined || called === method) return undefined;
  return mismatch(`Mcp-Method is ${String(called)}, but the body says ${method}`);
}

/** @returns which header that a request must have is missing or wrong; to be asked after `disagreement` */
export function missingHeader(headers: IncomingHttpHeaders, call: Called): Refusal | undefined {
  if (headers[VERSION_HEADER] === undefined) return mismatch('MCP-Protocol-Version is missing');
  if (headers[METHOD_HEADER] === undefined) return mismatch('Mcp-Method is missing');
  if (headers[NAME_HEADER] !== undefined) return nameDisagreement(headers, call);
  const { source, name } = nameIn(call);
  return name === undefined ? undefined : mismatch(`Mcp-Name is missing beside the body's ${source}`);
}

/** @returns why `Mcp-Name`, where it is there, says something else than the body */
export function nameDisagreement(headers: IncomingHttpHeaders, call: Called): Refusal | undefined {
  const { source, name } = nameIn(call);
  const header = headers[NAME_HEADER];
  if (source === undefined || header === undefined) return undefined;
  const decoded = decodeValue(String(header));
  if (decoded === undefined) return mismatch('Mcp-Name is not valid Base64');
  return name !== undefined && decoded !== name
    ? mismatch(`Mcp-Name is ${decoded}, but the body's ${source} is another`)
    : undefined;
}

type Called = Pick<RpcRequest, 'method' | 'params'>;

/** @returns what `Mcp-Name` repeats, and from which member of the params; undefined where it repeats nothing */
function nameIn({ method, params }: Called): { source: string | undefined; name: string | undefined } {
  const source = NAME_SOURCES.get(method);
  const name = source === undefined ? undefined : params?.[source];
  return { source, name: typeof name === 'string' ? name : undefined };
}

export function mismatch(what: string): Refusal {
  return {
    status: 400,
    code: ErrorCode.headerMismatch,
    message: `The headers and the body disagree: ${what}.`,
  };
}

const ENCODED = /^=\?base64\?(.*)\?=$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Reads a value that may be wrapped because it is no plain ASCII: `=?base64?…?=` ("Value Encoding").
 * @returns undefined when what is wrapped is not Base64 of UTF-8
 */
export function decodeValue(value: string): string | undefined {
  const wrapped = ENCODED.exec(value)?.[1];
  if (wrapped === undefined) return value;
  if (!BASE64.test(wrapped)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(wrapped, 'base64'));
  } catch {
    return undefined;
  }
}
