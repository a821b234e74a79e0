import type { NativeServiceOptions } from '../native.ts';
import type { Tool } from '../tool.ts';
import { createToolServers, type ToolServers } from '../tool-server.ts';
import type { EchoCall } from './call.ts';

/** Of the diagnostic tools, told to clients; not the gateway's own. */
const VERSION = '1.0.0';

const INSTRUCTIONS =
  'Diagnostics of the gateway: what reaches a server behind it, who it says the caller is, and how it is configured. ' +
  'Nothing here changes anything.';

/** The MCP servers of an echo service with these tools. */
export function createEchoServers(
  options: NativeServiceOptions,
  tools: readonly Tool<EchoCall>[],
): ToolServers<EchoCall> {
  const servers = createToolServers<EchoCall>({
    info: { name: options.service, title: `Echo (${options.service})`, version: VERSION },
    instructions: INSTRUCTIONS,
    tools,
    rulesOf: ({ request }) => request.caller.tools,
    logger: options.logger,
  });
  return {
    ...servers,
    create() {
      const server = servers.create();
      // The SDK never answers a request that was cancelled, which would leave its POST open for good. These tools are
      // done at once, and MCP lets a receiver ignore the cancellation of what cannot be cancelled any more.
      server.removeNotificationHandler('notifications/cancelled');
      return server;
    },
  };
}
