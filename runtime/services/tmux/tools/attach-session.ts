import * as z from 'zod';
import { defineTmuxTool, height, session, terminalText, width } from '../call.ts';
import { capture } from '../screen.ts';

export const attachSession = defineTmuxTool(
  {
    name: 'attach_session',
    title: 'Attach to a terminal session',
    description:
      'Takes up a session again, from this or an earlier conversation: shows what it is doing and its screen. With ' +
      'width or height the terminal gets that size, as it would when a person attaches.',
    input: z.strictObject({ session, width: width.optional(), height: height.optional() }),
    async handle({ session: name, width: columns, height: rows }, { terminals }) {
      const before = await terminals.get(name);
      const size = { width: columns ?? before.width, height: rows ?? before.height };
      if (size.width !== before.width || size.height !== before.height) await terminals.resize(name, size);
      const screen = await capture(terminals.tmux, name);
      const terminal = { ...before, ...size };
      return { text: `${terminalText(terminal)}\n\n${screen}`, data: { session: terminal, screen } };
    },
  },
  { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
);
