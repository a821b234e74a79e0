/** The caller's tool rules on the way to and from a remote server: what `runtime/policy/tool-rules.ts` decides, as texts. */
import type { ToolRules } from '../config/context.ts';
import { refusedTool, UNKNOWN_TOOL, unknownToolText, withoutDenied } from '../policy/tool-rules.ts';
import { parseExact } from '../proxy/messages/exact-json.ts';
import type { Incoming } from '../proxy/messages/incoming.ts';
import { ErrorCode, errorText, isObject } from '../proxy/messages/json-rpc.ts';

export interface Sorted {
  /** What goes to the server. */
  passed: Incoming[];
  /** Answers to what does not: JSON-RPC errors. */
  refused: string[];
}

export function sortByRules(incoming: Incoming[], rules: ToolRules | undefined): Sorted {
  if (rules === undefined) return { passed: incoming, refused: [] };
  const sorted: Sorted = { passed: [], refused: [] };
  for (const each of incoming) {
    const { message } = each;
    const name = message.kind === 'response' ? undefined : refusedTool(message.method, message.params, rules);
    if (name === undefined) sorted.passed.push(each);
    else if (message.kind === 'request')
      sorted.refused.push(errorText(message.id, UNKNOWN_TOOL, unknownToolText(name)));
  }
  return sorted;
}

/** What has no `tools` in it has no list of them, unless a letter is written as an escape. */
const MAY_LIST_TOOLS = /tools|\\u/;

/**
 * Any answer with a list of tools is looked at, whatever it answers: a stream that is taken up again repeats answers to
 * requests that nobody remembers.
 * @param text one JSON-RPC message or an array of them
 * @returns the text without the tools that do not exist for the caller; the very same when there are none in it
 */
export function visibleText(text: string, rules: ToolRules | undefined): string {
  if (rules === undefined || !MAY_LIST_TOOLS.test(text)) return text;
  try {
    const value = parseExact(text);
    return JSON.stringify(
      Array.isArray(value) ? value.map((each) => visible(each, rules)) : visible(value, rules),
    );
  } catch {
    // What we cannot read, a client might: nothing is better than all of it.
    return errorText(null, ErrorCode.internal, "The server's message cannot be read.");
  }
}

function visible(message: unknown, rules: ToolRules): unknown {
  if (!isObject(message) || !('result' in message)) return message;
  return { ...message, result: withoutDenied(message['result'], rules) };
}
