/** What a tool of the conformance server is, in either era. */
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';

export interface Elicited {
  action: string;
  content?: Record<string, unknown> | undefined;
}

/** The client, as a tool sees it. */
export interface Client {
  capabilities: Record<string, unknown>;
  /** `elicitation/create`. @param name what the request is called, where requests have names */
  elicit(name: string, message: string, requestedSchema: object): Promise<Elicited>;
  /** `sampling/createMessage`. */
  sample(name: string, prompt: string, maxTokens: number): Promise<{ content: unknown }>;
  /** `roots/list`. */
  listRoots(name: string): Promise<{ roots: { uri: string }[] }>;
  log(data: string): Promise<void>;
  /** Reports progress, where the client wants to hear of it. */
  progress(progress: number, total: number): Promise<void>;
  /** Says that a list has changed. */
  changed(list: 'tools' | 'prompts'): Promise<void>;
}

export interface ToolCall {
  args: Record<string, unknown>;
  client: Client;
}

export interface Tool {
  description: string;
  /** The properties of its arguments, all of them required; or a whole schema. */
  properties?: Record<string, object>;
  inputSchema?: object;
  run: (call: ToolCall) => CallToolResult | Promise<CallToolResult>;
}

export function text(value: string): CallToolResult {
  return { content: [{ type: 'text', text: value }] };
}

/** What an elicitation asks for: an object of `properties`, all of them required unless told. */
export function form(properties: Record<string, object>, required = Object.keys(properties)): object {
  return { type: 'object', properties, required };
}

/** The params of `sampling/createMessage`. */
export function samplingParams(prompt: string, maxTokens: number): object {
  return { messages: [{ role: 'user', content: { type: 'text', text: prompt } }], maxTokens };
}
