/** The tools of the tmux server over the real tmux, in a folder of their own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCommand } from '../../runtime/install/find-command.ts';
import type { Tool, ToolResult } from '../../runtime/services/tool.ts';
import type { TmuxCall } from '../../runtime/services/tmux/call.ts';
import { TOOLS } from '../../runtime/services/tmux/server.ts';
import { Terminals } from '../../runtime/services/tmux/terminals.ts';

/** Why tests with tmux cannot run here; undefined when they can. */
export function tmuxMissing(): string | undefined {
  if (findCommand('tmux', process.env['PATH'] ?? '') !== undefined) return undefined;
  if (process.env['MCPGW_TEST_REQUIRE'] === 'all') throw new Error('tmux is missing and required.');
  return 'there is no tmux';
}

export interface TestTerminals {
  folder: string;
  terminals: Terminals;
  call(tool: string, args?: object, signal?: AbortSignal): Promise<ToolResult>;
  /** As `call`; fails when the tool did. */
  does(tool: string, args?: object): Promise<string>;
  close(): Promise<void>;
}

export function openTerminals(folder = mkdtempSync(join(tmpdir(), 'mcpgw-tmux-'))): TestTerminals {
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, LANG: 'C.UTF-8' };
  const terminals = new Terminals({ folder, env });
  const call = async (name: string, args: object = {}, signal = new AbortController().signal) => {
    const tool = TOOLS.find(({ definition }) => definition.name === name) as Tool<TmuxCall>;
    return tool.run(args, { terminals, signal }, { id: 1 });
  };
  return {
    folder,
    terminals,
    call,
    does: async (name, args) => {
      const { text, failed } = await call(name, args);
      if (failed) throw new Error(text);
      return text;
    },
    close: async () => {
      await terminals.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
