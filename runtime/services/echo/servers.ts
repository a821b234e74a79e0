import type { NativeServiceOptions } from '../native.ts';
import type { NativeMetrics } from '../native-metrics.ts';
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
  metrics: NativeMetrics,
): ToolServers<EchoCall> {
  return createToolServers<EchoCall>({
    info: { name: options.service, title: `Echo (${options.service})`, version: VERSION },
    instructions: INSTRUCTIONS,
    tools,
    rulesOf: ({ request }) => request.caller.tools,
    logger: options.logger,
    metrics,
  });
}
