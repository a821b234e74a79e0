import * as z from 'zod';
import { defineTmuxTool, LOOKS, session } from '../call.ts';
import { capture, lastPart } from '../screen.ts';
import { HISTORY_LINES } from '../terminals.ts';

/** Of a screen with its history in an answer, in characters. */
const MAX_TEXT = 200_000;

export const capturePane = defineTmuxTool(
  {
    name: 'capture_pane',
    title: 'Read the screen of a terminal session',
    description:
      'Gives what a session shows now; with history_lines also what has scrolled off, at most 200000 characters of it.',
    input: z.strictObject({
      session,
      history_lines: z
        .int()
        .min(0)
        .max(HISTORY_LINES)
        .default(0)
        .describe('Lines above the screen to read, too.'),
      colors: z.boolean().default(false).describe('Keeps colours and the like, as escape sequences.'),
    }),
    async handle({ session: name, history_lines: historyLines, colors }, { terminals }) {
      await terminals.get(name);
      const { text, left } = lastPart(
        await capture(terminals.tmux, name, { historyLines, colors }),
        MAX_TEXT,
      );
      const above = left > 0 ? `(${left} characters before this are left out.)\n` : '';
      return { text: above + text, data: { screen: text, truncated: left > 0 } };
    },
  },
  LOOKS,
);
