import * as z from 'zod';
import { DEFAULT_SIZE, defineTmuxTool, height, session, terminalText, width } from '../call.ts';

export const createSession = defineTmuxTool(
  {
    name: 'create_session',
    title: 'Open a terminal session',
    description:
      'Opens a terminal with a bash in it. It stays, with its working folder, variables and whatever runs in it, until ' +
      'kill_session, the end of its shell, or a long time without any use of this server.',
    input: z.strictObject({
      session,
      width: width.default(DEFAULT_SIZE.width),
      height: height.default(DEFAULT_SIZE.height),
    }),
    async handle({ session: name, ...size }, { terminals }) {
      const terminal = await terminals.create(name, size);
      return { text: `Opened ${terminalText(terminal)}.`, data: { session: { ...terminal } } };
    },
  },
  { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
);
