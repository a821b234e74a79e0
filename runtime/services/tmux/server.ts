/**
 * tmux as an MCP server: a few tools over the terminal sessions of one user. It speaks stdio, in every protocol version,
 * and stands behind the proxy like the servers of others.
 */
import { ProtocolError, ProtocolErrorCode, Server } from '@modelcontextprotocol/server';
import { unknownToolText } from '../../policy/tool-rules.ts';
import { requestOf, toCallToolResult } from '../tool-server.ts';
import type { Terminals } from './terminals.ts';
import { attachSession } from './tools/attach-session.ts';
import { capturePane } from './tools/capture-pane.ts';
import { createSession } from './tools/create-session.ts';
import { killSession } from './tools/kill-session.ts';
import { listSessions } from './tools/list-sessions.ts';
import { runCommandTool } from './tools/run-command.ts';
import { sendKeys } from './tools/send-keys.ts';

export const TOOLS = [
  ...[createSession, listSessions, attachSession, sendKeys],
  ...[runCommandTool, capturePane, killSession],
];

const VERSION = '1.0.0';

const INSTRUCTIONS =
  'Terminal sessions with bash that stay between calls. run_command (with create) for commands with an end; send_keys ' +
  'and capture_pane for programs that wait for input.';

/** @returns a fresh server over the same terminals, not yet connected */
export function createTmuxServer(terminals: Terminals): Server {
  const info = { name: 'mcpgw-tmux', title: 'tmux', version: VERSION };
  const server = new Server(info, { capabilities: { tools: {} }, instructions: INSTRUCTIONS });
  const byName = new Map(TOOLS.map((tool) => [tool.definition.name, tool]));
  server.setRequestHandler('tools/list', () => ({ tools: TOOLS.map(({ definition }) => definition) }));
  server.setRequestHandler('tools/call', async ({ params }, ctx) => {
    const tool = byName.get(params.name);
    if (tool === undefined)
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, unknownToolText(params.name));
    return toCallToolResult(
      await tool.run(params.arguments, { terminals, signal: ctx.mcpReq.signal }, requestOf(ctx)),
    );
  });
  return server;
}
