/**
 * Ids and progress tokens on the way through a child that several callers share: theirs may be the same, so the child
 * gets numbers of ours. Bytes are spliced where the place is sure, and else the message is written anew, exactly.
 */
import { parseExact } from '../messages/exact-json.ts';
import { lineOf } from '../messages/framing.ts';
import { isObject, textOf, type RpcId, type RpcRequest } from '../messages/json-rpc.ts';
import type { RpcNotification } from './peer-types.ts';

/** What `textOf` writes before a request's id. */
const TEXT_START = '{"jsonrpc":"2.0","id":';

/**
 * @param id the number that the child knows the request by; its progress token, too, when it has one
 * @param token the caller's progress token
 * @param line the request as `textOf` wrote it, where that is at hand: it spares writing it again
 * @returns the line for the child
 */
export function requestLine(request: RpcRequest, id: number, token?: RpcId, line?: Buffer): Buffer {
  if (token !== undefined) {
    const meta = { ...(request.params?.['_meta'] as object), progressToken: id };
    return lineOf(textOf({ ...request, id, params: { ...request.params, _meta: meta } }));
  }
  if (line === undefined) return lineOf(textOf({ ...request, id }));
  const rest = TEXT_START.length + Buffer.byteLength(JSON.stringify(request.id));
  return Buffer.concat([Buffer.from(`${TEXT_START}${id}`), line.subarray(rest)]);
}

/**
 * @param line the child's answer to the request `id`, valid JSON
 * @returns the same answer to the request `wanted`; undefined when it is nested too deeply to be written again
 */
export function answerLine(line: Buffer, id: number, wanted: RpcId): Buffer | undefined {
  const found = placeOfId(line, String(id));
  if (found === undefined) return withId(line, wanted);
  const parts = [
    line.subarray(0, found.start),
    Buffer.from(JSON.stringify(wanted)),
    line.subarray(found.end),
  ];
  return Buffer.concat(parts);
}

/** @returns the answer under another id; undefined as above */
export function withId(line: Buffer, id: RpcId): Buffer | undefined {
  return rewritten(line, (message) => ({ ...message, id }));
}

/** @returns the notification of progress under the caller's own token; undefined as above */
export function progressLine(
  { params }: RpcNotification,
  line: Buffer,
  progressToken: RpcId,
): Buffer | undefined {
  return rewritten(line, (message) => {
    const exact = isObject(message['params']) ? message['params'] : params;
    return { ...message, params: { ...exact, progressToken } };
  });
}

function rewritten(line: Buffer, change: (message: Record<string, unknown>) => object): Buffer | undefined {
  try {
    const message = parseExact(line.toString('utf8'));
    return Buffer.from(JSON.stringify(change(isObject(message) ? message : {})));
  } catch {
    return undefined;
  }
}

/**
 * Servers write the id as one of the first or the last members of an answer. A number right before the last brace, behind
 * `,"id":`, can be nothing else than the outermost object's: within a string a quote would follow it or a backslash stand
 * before the first quote.
 */
function placeOfId(line: Buffer, id: string): { start: number; end: number } | undefined {
  for (const before of ['{"jsonrpc":"2.0","id":', '{"id":']) {
    const text = `${before}${id},`;
    if (startsWith(line, text)) return { start: before.length, end: before.length + id.length };
  }
  for (const after of ['}', ',"jsonrpc":"2.0"}']) {
    const text = `,"id":${id}${after}`;
    if (!startsWith(line, text, line.length - text.length)) continue;
    const start = line.length - after.length - id.length;
    return { start, end: start + id.length };
  }
  return undefined;
}

function startsWith(line: Buffer, text: string, at = 0): boolean {
  return at >= 0 && line.toString('latin1', at, at + text.length) === text;
}
