import * as z from 'zod';
import { defineTmuxTool, LOOKS, terminalText } from '../call.ts';

export const listSessions = defineTmuxTool(
  {
    name: 'list_sessions',
    title: 'List terminal sessions',
    description: 'Lists your terminal sessions: size, what runs in front, since when.',
    input: z.strictObject({}),
    async handle(_args, { terminals }) {
      const sessions = await terminals.list();
      const text = sessions.map(terminalText).join('\n');
      return { text: text || 'There is no session; create_session opens one.', data: { sessions } };
    },
  },
  LOOKS,
);
