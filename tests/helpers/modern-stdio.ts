/**
 * A stdio server of 2026-07-28 by the SDK, for tests. `--modern` refuses the handshake; without it both eras are served.
 * `--marker=…` is to be found in /proc.
 */
import { Server, type CallToolResult } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

const text = (value: string): CallToolResult => ({ content: [{ type: 'text', text: value }] });
const NAMES = ['echo', 'pid', 'ask', 'askTwice', 'progress', 'log', 'change', 'update', 'slow', 'envelope'];
const asks = (key: string): object => ({
  [key]: {
    method: 'elicitation/create',
    params: { message: key, requestedSchema: { type: 'object', properties: {} } },
  },
});

let cancelled = 0;

const create = (): Server => {
  const server = new Server(
    { name: 'modern-fixture', version: '1.0.0' },
    {
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} },
      instructions: 'Ask away.',
    },
  );
  server.setRequestHandler('tools/list', () => ({
    tools: NAMES.map((name) => ({ name, inputSchema: { type: 'object' as const } })),
  }));
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const args = params.arguments ?? {};
    const answers = mcpReq.inputResponses ?? {};
    switch (params.name) {
      case 'echo':
        return text(String(args['text']));
      case 'pid':
        return text(String(process.pid));
      case 'ask':
        if ('name' in answers) return text(JSON.stringify([answers['name'], mcpReq.requestState()]));
        return { resultType: 'input_required', inputRequests: asks('name'), requestState: 'first' } as never;
      case 'askTwice': {
        if (mcpReq.requestState() === undefined)
          return { resultType: 'input_required', inputRequests: asks('one'), requestState: 'one' } as never;
        if (mcpReq.requestState() === 'one')
          return { resultType: 'input_required', inputRequests: asks('two'), requestState: 'two' } as never;
        return text(JSON.stringify(answers));
      }
      case 'progress': {
        const progressToken = params._meta?.progressToken ?? 'none';
        for (const progress of [1, 2])
          await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress } });
        return text('done');
      }
      case 'log':
        await mcpReq.log('warning', 'working');
        return text('logged');
      case 'change':
        await server.sendToolListChanged();
        return text('changed');
      case 'update':
        await server.sendResourceUpdated({ uri: String(args['uri']) });
        return text('updated');
      case 'slow':
        await new Promise((resolve) => {
          mcpReq.signal.addEventListener('abort', resolve);
          setTimeout(resolve, 5000).unref();
        });
        cancelled += 1;
        return text('slow');
      case 'envelope':
        return text(JSON.stringify({ envelope: mcpReq.envelope ?? null, cancelled }));
      default:
        throw new Error(`no tool ${params.name}`);
    }
  });
  server.setRequestHandler('resources/subscribe', () => ({}));
  server.setRequestHandler('resources/unsubscribe', () => ({}));
  return server;
};

serveStdio(create, process.argv.includes('--modern') ? { legacy: 'reject' } : {});
