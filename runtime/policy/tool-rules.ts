/**
 * The caller's tool rules on parsed messages, the one place that enforces them: the proxy and the native services both
 * ask here. A denied tool does not exist: it is not in the result of `tools/list`, and `tools/call` of it is answered as
 * that of an unknown tool is (MCP 2025-11-25, Server Features, Tools, "Error Handling": "Unknown tools" are a protocol
 * error with code -32602).
 *
 * What decides is the body, in every era of the protocol: headers that name a method or tool (`Mcp-Method`, `Mcp-Name`
 * of 2026-07-28) say nothing here. Servers differ in how exactly they read, so whatever one of them could take for a
 * call of a denied tool counts as one.
 */
import type { ToolRules } from '../config/context.ts';
import { fold, matches, matchesLoosely } from './pattern.ts';

/** JSON-RPC's "invalid params", which MCP answers to a tool that there is not. */
export const UNKNOWN_TOOL = -32602;

/** @param name as the client wrote it; only its beginning is repeated */
export function unknownToolText(name: string): string {
  return `Unknown tool: ${name.slice(0, 128)}`;
}

/** @returns whether the tool exists for a caller with these rules */
export function toolExists(name: string, rules: ToolRules | undefined): boolean {
  if (rules === undefined) return true;
  if (rules.deny?.some((pattern) => matchesLoosely(pattern, name)) === true) return false;
  if (rules.allow === undefined || rules.allow.some((pattern) => matches(pattern, name))) return true;
  return rules.reserved?.some((pattern) => matchesLoosely(pattern, name)) === false;
}

type Params = Readonly<Record<string, unknown>> | undefined;

/**
 * @param method of a request or a notification
 * @returns the name to refuse, as it was written, when this calls a tool that does not exist for the caller
 */
export function refusedTool(
  method: string,
  params: Params,
  rules: ToolRules | undefined,
): string | undefined {
  if (rules === undefined || !isMethod(method, 'tools/call')) return undefined;
  for (const [member, value] of Object.entries(params ?? {})) {
    if (member === 'name') continue;
    // Go's encoding/json, for one, takes `Name` for `name`, whichever comes last.
    if (fold(member) === 'name') return typeof value === 'string' ? value : '';
  }
  const name = params?.['name'];
  if (typeof name !== 'string') return '';
  return toolExists(name, rules) ? undefined : name;
}

/** Whether the answer to such a request lists tools. */
export function listsTools(method: string): boolean {
  return isMethod(method, 'tools/list');
}

/** @returns the result of `tools/list` without the tools that do not exist for the caller; anything else as it is */
export function withoutDenied(result: unknown, rules: ToolRules): unknown {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return result;
  const { tools } = result as { tools?: unknown };
  if (!Array.isArray(tools)) return result;
  const left = tools.filter((tool: unknown) => {
    const name = typeof tool === 'object' && tool !== null ? (tool as { name?: unknown }).name : undefined;
    return typeof name === 'string' && toolExists(name, rules);
  });
  return { ...result, tools: left };
}

function isMethod(method: string, expected: string): boolean {
  return method === expected || fold(method) === expected;
}
