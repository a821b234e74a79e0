/** One line of a server's: a message, whose bytes go on as they are. */
import { isUtf8 } from 'node:buffer';
import { classify, type RpcMessage } from './json-rpc.ts';

/** @param message undefined when the line is none of MCP */
export type TakeMessage = (message: RpcMessage | undefined, line: Buffer) => void;

/**
 * @param take gets each message with the line that says it, which is valid as long as the one that came
 * @returns false for a line that is no JSON, or cannot be written again
 */
export function readServerLine(line: Buffer, take: TakeMessage): boolean {
  const text = line.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return false;
  }
  if (Array.isArray(value)) return readArray(value, take);
  // Bytes that are not UTF-8 would reach clients as they are, and a strict one ends its connection over them.
  take(classify(value), isUtf8(line) ? line : Buffer.from(text));
  return true;
}

/** 2025-03-26 lets a server send several messages as one array. */
function readArray(values: unknown[], take: TakeMessage): boolean {
  let lines: Buffer[];
  try {
    lines = values.map((value) => Buffer.from(JSON.stringify(value)));
  } catch {
    // Nested too deeply.
    return false;
  }
  for (const [index, line] of lines.entries()) take(classify(values[index]), line);
  return true;
}
