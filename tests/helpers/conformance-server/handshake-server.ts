/**
 * A server that has everything that `conformance server --requirements 2025-11-25` asks for, and every tool and prompt
 * of 2026-07-28, too: but it is of the handshake era (SDK 1.x) and asks its client by requests.
 */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { handshakeClient } from './handshake-client.ts';
import {
  CAPABILITIES,
  completion,
  INFO,
  listPrompts,
  listTools,
  PROMPTS_BY_NAME,
  TOOLS_BY_NAME,
} from './lists.ts';
import { nameRequests } from './named-requests.ts';
import { read, resources, templates } from './resources.ts';

/** Serves one session over `transport`. */
export async function serveConformance(transport: Transport): Promise<void> {
  const server = new Server(INFO, { capabilities: CAPABILITIES });
  addTools(server);
  addPrompts(server);
  addResources(server);
  await server.connect(transport);
  nameRequests(transport);
}

function addTools(server: Server): void {
  server.setRequestHandler(ListToolsRequestSchema, listTools);
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const tool = TOOLS_BY_NAME[params.name];
    if (tool === undefined) throw new McpError(ErrorCode.InvalidParams, `Unknown tool: ${params.name}`);
    return tool.run({ args: params.arguments ?? {}, client: handshakeClient(server, extra) });
  });
}

function addPrompts(server: Server): void {
  server.setRequestHandler(ListPromptsRequestSchema, listPrompts);
  server.setRequestHandler(GetPromptRequestSchema, async ({ params }, extra) => {
    const prompt = PROMPTS_BY_NAME[params.name];
    if (prompt === undefined) throw new McpError(ErrorCode.InvalidParams, `Unknown prompt: ${params.name}`);
    return { messages: await prompt.get(params.arguments ?? {}, handshakeClient(server, extra)) };
  });
  server.setRequestHandler(CompleteRequestSchema, ({ params }) => completion(params.argument.value));
}

function addResources(server: Server): void {
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: templates }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => {
    const content = read(uri);
    if (content === undefined) throw new McpError(ErrorCode.InvalidParams, 'Resource not found', { uri });
    return { contents: [{ uri, ...content }] };
  });
  server.setRequestHandler(SubscribeRequestSchema, () => ({}));
  server.setRequestHandler(UnsubscribeRequestSchema, () => ({}));
}
