/** What the tools share: what they work on, how a session is named, and how a refusal is told. */
import * as z from 'zod';
import { defineTool, type Tool, type ToolHints, type ToolResult, type ToolSpec } from '../tool.ts';
import { SESSION_NAME, type Terminal, TerminalError, type Terminals } from './terminals.ts';
import { TmuxError } from './tmux.ts';

export interface TmuxCall {
  terminals: Terminals;
  /** Fires when the client no longer waits. */
  signal: AbortSignal;
}

export const session = z
  .string()
  .regex(SESSION_NAME, 'must be 1 to 64 letters, digits, - and _, and not begin with - or _')
  .describe('Name of the session: letters, digits, - and _.');

export const width = z.int().min(20).max(500).describe('Columns of the terminal.');
export const height = z.int().min(5).max(200).describe('Rows of the terminal.');

export const DEFAULT_SIZE = { width: 200, height: 50 };

/** Changes nothing. */
export const LOOKS: ToolHints = {
  ...{ readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
};
/** What is typed into a terminal can do anything. */
export const TYPES: ToolHints = {
  ...{ readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
};

/** As `defineTool`, with what cannot be done told to the model instead of counted as a fault of the service. */
export function defineTmuxTool<Input extends z.ZodObject>(
  spec: ToolSpec<Input, TmuxCall>,
  hints: ToolHints,
): Tool<TmuxCall> {
  const handle: typeof spec.handle = async (args, call, request): Promise<ToolResult> => {
    try {
      return await spec.handle(args, call, request);
    } catch (error) {
      if (error instanceof TerminalError || error instanceof TmuxError)
        return { text: `${spec.name}: ${error.message}`, failed: true };
      throw error;
    }
  };
  return defineTool({ ...spec, handle }, hints);
}

/** @returns a line for people and models */
export function terminalText({ name, width: columns, height: rows, running, created }: Terminal): string {
  return `${name}: ${columns}x${rows}, runs ${running}, since ${created}`;
}
