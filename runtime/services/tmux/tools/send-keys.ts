import * as z from 'zod';
import { defineTmuxTool, session, TYPES } from '../call.ts';
import { key, literalChunks } from '../keys.ts';
import { target } from '../terminals.ts';

export const sendKeys = defineTmuxTool(
  {
    name: 'send_keys',
    title: 'Type into a terminal session',
    description:
      'Types text, letter by letter as it is, then presses named keys. For programs that wait for input, and for keys ' +
      'like C-c; to run a command and get its result use run_command. Text does not press Enter: add the key.',
    input: z
      .strictObject({
        session,
        text: z
          .string()
          .max(16_384)
          // eslint-disable-next-line no-control-regex -- control characters are keys, not text
          .regex(/^[^\u0000-\u0008\u000b-\u001f\u007f]*$/, 'must have no control characters; use keys')
          .optional()
          .describe('Typed as it is.'),
        keys: z
          .array(key)
          .max(200)
          .optional()
          .describe('Pressed behind the text: Enter, Escape, Tab, Up, PageDown, F1, C-c, M-x, ...'),
      })
      .refine(({ text, keys }) => Boolean(text) || Boolean(keys?.length), 'needs text or keys'),
    async handle({ session: name, text = '', keys = [] }, { terminals }) {
      await terminals.get(name);
      const send = ['send-keys', '-t', target(name)];
      for (const chunk of literalChunks(text)) await terminals.tmux([...send, '-l', '--', chunk]);
      if (keys.length > 0) await terminals.tmux([...send, '--', ...keys]);
      return { text: `Typed into ${name}. capture_pane shows what came of it.` };
    },
  },
  TYPES,
);
