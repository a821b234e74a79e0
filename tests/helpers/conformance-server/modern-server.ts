/** The same server, of 2026-07-28 alone (SDK 2.x): no handshake, and no requests of its own. */
import { randomBytes } from 'node:crypto';
import {
  createRequestStateCodec,
  ProtocolError,
  ProtocolErrorCode,
  Server,
} from '@modelcontextprotocol/server';
import {
  CAPABILITIES,
  completion,
  INFO,
  listPrompts,
  listTools,
  PROMPTS_BY_NAME,
  TOOLS_BY_NAME,
} from './lists.ts';
import { inRounds, type States } from './modern-client.ts';
import { read, resources, templates } from './resources.ts';

const states: States = createRequestStateCodec({ key: randomBytes(32) });

export function createModernServer(): Server {
  const server = new Server(INFO, {
    capabilities: CAPABILITIES,
    requestState: { verify: (state, context) => states.verify(state, context) },
  });
  addTools(server);
  addPrompts(server);
  addResources(server);
  return server;
}

function addTools(server: Server): void {
  server.setRequestHandler('tools/list', listTools);
  server.setRequestHandler('tools/call', ({ params }, context) => {
    const tool = TOOLS_BY_NAME[params.name];
    if (tool === undefined) throw unknown(`Unknown tool: ${params.name}`);
    const args = params.arguments ?? {};
    return inRounds(server, context, states, (client) => tool.run({ args, client }) as never);
  });
}

function addPrompts(server: Server): void {
  server.setRequestHandler('prompts/list', listPrompts);
  server.setRequestHandler('prompts/get', ({ params }, context) => {
    const prompt = PROMPTS_BY_NAME[params.name];
    if (prompt === undefined) throw unknown(`Unknown prompt: ${params.name}`);
    return inRounds(server, context, states, async (client) => {
      return { messages: await prompt.get(params.arguments ?? {}, client) } as never;
    });
  });
  server.setRequestHandler('completion/complete', ({ params }) => completion(params.argument.value));
}

function addResources(server: Server): void {
  server.setRequestHandler('resources/list', () => ({ resources }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: templates }));
  server.setRequestHandler('resources/read', ({ params: { uri } }) => {
    const content = read(uri);
    if (content === undefined) throw unknown('Resource not found', { uri });
    return { contents: [{ uri, ...content }] };
  });
  server.setRequestHandler('resources/subscribe', () => ({}));
  server.setRequestHandler('resources/unsubscribe', () => ({}));
}

function unknown(message: string, data?: object): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message, data);
}
