import * as z from 'zod';
import type { ToolResult } from '../../tool.ts';
import { DEFAULT_SIZE, defineTmuxTool, session, TYPES } from '../call.ts';
import { runCommand, type RunResult } from '../run.ts';
import { lastPart } from '../screen.ts';

/** Of output in an answer, in characters. */
const MAX_OUTPUT = 50_000;

export const runCommandTool = defineTmuxTool(
  {
    name: 'run_command',
    title: 'Run a command in a terminal session',
    description:
      'Runs a command line of bash in a session, waits for its end, and gives its output and exit code. Working folder ' +
      'and variables stay for the next one. When time is up the command goes on: look with capture_pane, or interrupt ' +
      'it with send_keys C-c. Programs that want a person at the keyboard are for send_keys.',
    input: z.strictObject({
      session,
      command: z
        .string()
        .min(1)
        .max(65_536)
        // eslint-disable-next-line no-control-regex -- they have no meaning in a command line
        .regex(/^[^\u0000-\u0008\u000b-\u001f\u007f]*$/, 'must have no control characters')
        .describe('Command line for bash; may have several lines.'),
      timeout_seconds: z.number().min(0.1).max(3_600).default(30).describe('How long to wait for its end.'),
      create: z.boolean().default(false).describe('Opens the session when there is none of that name.'),
    }),
    async handle({ session: name, command, timeout_seconds, create }, { terminals, signal }) {
      const there = (await terminals.list()).some((terminal) => terminal.name === name);
      if (!there && create) await terminals.create(name, DEFAULT_SIZE);
      else await terminals.get(name);
      const result = await runCommand(terminals, name, command, {
        timeoutMs: timeout_seconds * 1_000,
        signal,
      });
      return told(name, timeout_seconds, result);
    },
  },
  TYPES,
);

function told(name: string, seconds: number, { output, ended, exitCode, ...rest }: RunResult): ToolResult {
  const part = lastPart(output, MAX_OUTPUT);
  const gone = rest.beginningGone && ended !== 'shell-gone';
  const lines = [
    ...(gone
      ? ['(The beginning of the output is gone: the screen was cleared, or there was too much.)']
      : []),
    ...(part.left > 0 ? [`(${part.left} characters before this are left out; capture_pane has more.)`] : []),
    ...(part.text === '' ? [] : [part.text]),
    { exited: `exit code ${exitCode}`, 'timed-out': stillRuns(name, seconds), 'shell-gone': SHELL_GONE }[
      ended
    ],
  ];
  return {
    text: lines.join('\n'),
    data: {
      output: part.text,
      ended,
      ...(exitCode === undefined ? {} : { exitCode }),
      truncated: gone || part.left > 0,
    },
  };
}

function stillRuns(name: string, seconds: number): string {
  return `still running after ${seconds} s in session ${name}`;
}

const SHELL_GONE = 'the shell of the session has exited, and the session with it';
