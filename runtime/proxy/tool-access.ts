/** The caller's tool rules on the way of one message: what `runtime/policy/tool-rules.ts` decides, as lines. */
import { listsTools, UNKNOWN_TOOL, unknownToolText, withoutDenied } from '../policy/tool-rules.ts';
import { parseExact } from './messages/exact-json.ts';
import { ErrorCode, errorLine, isObject, type RpcRequest } from './messages/json-rpc.ts';
import type { Call } from './session/calls.ts';

/** The answer to a call of a tool that does not exist for the caller. */
export function unknownToolLine({ id, params }: RpcRequest): Buffer {
  const name = params?.['name'];
  const text = unknownToolText(typeof name === 'string' ? name : '');
  return errorLine(id, UNKNOWN_TOOL, text);
}

/** @returns the server's answer without the tools that do not exist for the caller; without rules the very same line */
export function visiblePart({ request, tools }: Pick<Call, 'request' | 'tools'>, line: Buffer): Buffer {
  if (tools === undefined || !listsTools(request.method)) return line;
  try {
    const message = parseExact(line.toString('utf8'));
    if (!isObject(message)) return line;
    return Buffer.from(JSON.stringify({ ...message, result: withoutDenied(message['result'], tools) }));
  } catch {
    // Nested so deeply that it can be read but not written again. Nothing is better than all of it.
    return errorLine(request.id, ErrorCode.internal, "The server's list of tools cannot be read.");
  }
}
