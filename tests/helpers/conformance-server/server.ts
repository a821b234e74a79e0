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
import { askingTools } from './asking-tools.ts';
import { contentTools } from './content-tools.ts';
import { nameRequests } from './named-requests.ts';
import { prompts } from './prompts.ts';
import { read, resources, templates } from './resources.ts';
import { schemaTools } from './schema-tool.ts';
import type { Tool } from './tool.ts';

const tools: Record<string, Tool> = { ...contentTools, ...askingTools, ...schemaTools };

/** Serves one session over `transport`. */
export async function serveConformance(transport: Transport): Promise<void> {
  const server = new Server(
    { name: 'conformance-fixture', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        logging: {},
        completions: {},
      },
    },
  );
  addTools(server);
  addPrompts(server);
  addResources(server);
  await server.connect(transport);
  nameRequests(transport);
}

function addTools(server: Server): void {
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: Object.entries(tools).map(([name, { description, properties = {}, inputSchema }]) => ({
      name,
      description,
      inputSchema: {
        type: 'object' as const,
        ...(inputSchema ?? { properties, required: Object.keys(properties) }),
      },
    })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const tool = tools[params.name];
    if (tool === undefined) throw new McpError(ErrorCode.InvalidParams, `Unknown tool: ${params.name}`);
    return tool.run({ args: params.arguments ?? {}, extra, server });
  });
}

function addPrompts(server: Server): void {
  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: Object.entries(prompts).map(([name, { description, arguments: names = [] }]) => ({
      name,
      description,
      arguments: names.map((argument) => ({ name: argument, required: true })),
    })),
  }));
  server.setRequestHandler(GetPromptRequestSchema, async ({ params }, extra) => {
    const prompt = prompts[params.name];
    if (prompt === undefined) throw new McpError(ErrorCode.InvalidParams, `Unknown prompt: ${params.name}`);
    return { messages: await prompt.get(params.arguments ?? {}, extra) };
  });
  server.setRequestHandler(CompleteRequestSchema, ({ params }) => {
    const values = ['paris', 'park', 'party'].filter((value) => value.startsWith(params.argument.value));
    return { completion: { values, total: values.length, hasMore: false } };
  });
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
