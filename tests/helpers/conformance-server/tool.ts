/** What a tool of the conformance server is. */
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  CreateMessageResultSchema,
  ElicitResultSchema,
  ListRootsResultSchema,
  type CallToolResult,
  type ServerNotification,
  type ServerRequest,
} from '@modelcontextprotocol/sdk/types.js';
import { named } from './named-requests.ts';

export type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

export interface ToolCall {
  args: Record<string, unknown>;
  extra: Extra;
  server: Server;
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

/** `elicitation/create`, whether or not the client declared the capability. @param name the request's id */
export function elicit(extra: Extra, name: string, message: string, requestedSchema: object) {
  const params = { message, requestedSchema, _meta: named(name) };
  return extra.sendRequest({ method: 'elicitation/create', params } as ServerRequest, ElicitResultSchema);
}

/** `sampling/createMessage`, likewise. */
export function sample(extra: Extra, name: string, prompt: string, maxTokens: number) {
  const messages = [{ role: 'user', content: { type: 'text', text: prompt } }];
  const params = { messages, maxTokens, _meta: named(name) };
  return extra.sendRequest(
    { method: 'sampling/createMessage', params } as ServerRequest,
    CreateMessageResultSchema,
  );
}

/** `roots/list`, likewise. */
export function listRoots(extra: Extra, name: string) {
  return extra.sendRequest({ method: 'roots/list', params: { _meta: named(name) } }, ListRootsResultSchema);
}
