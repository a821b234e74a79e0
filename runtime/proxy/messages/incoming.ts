/**
 * The body of a POST: what its messages are, and each as the line that its server reads.
 *
 * Every message is written anew from what was understood of it. A parser that takes the first of two equal keys, or one
 * that ignores case, would otherwise read another method or id out of the same bytes than the proxy did, and a raw
 * carriage return ends a line for Python. Servers on stdio have never had to read arrays, so each message of one is a
 * line of its own.
 */
import { isUtf8 } from 'node:buffer';
import type { Refusal } from '../http.ts';
import { parseExact } from './exact-json.ts';
import { lineOf } from './framing.ts';
import { classify, ErrorCode, textOf, type RpcMessage } from './json-rpc.ts';

export interface Incoming {
  message: RpcMessage;
  /** The message with a newline at its end. */
  line: Buffer;
}

export interface IncomingBody {
  /** At least one. */
  incoming: Incoming[];
  batch: boolean;
}

const MALFORMED = { status: 400, code: ErrorCode.parse, message: 'The body is not JSON in UTF-8.' };
const TOO_DEEP = { status: 400, code: ErrorCode.invalidRequest, message: 'The body is nested too deeply.' };
const INVALID = {
  status: 400,
  code: ErrorCode.invalidRequest,
  message:
    'The body is not a JSON-RPC 2.0 message of MCP: an id is a string or an integer, params an object, ' +
    'and a message is either a request, a notification or a response.',
};

export function parseBody(body: Buffer): IncomingBody | Refusal {
  if (!isUtf8(body)) return MALFORMED;
  try {
    const value = parseExact(body.toString('utf8'));
    const values: unknown[] = Array.isArray(value) ? value : [value];
    const incoming: Incoming[] = [];
    for (const item of values) {
      const message = classify(item);
      if (message === undefined) return INVALID;
      incoming.push({ message, line: lineOf(textOf(message)) });
    }
    return incoming.length === 0 ? INVALID : { incoming, batch: Array.isArray(value) };
  } catch (error) {
    // JSON.parse and JSON.stringify have no other faults than these two.
    return error instanceof RangeError ? TOO_DEEP : MALFORMED;
  }
}
