import * as z from 'zod';
import { defineTmuxTool, session } from '../call.ts';

export const killSession = defineTmuxTool(
  {
    name: 'kill_session',
    title: 'End a terminal session',
    description: 'Ends one of your sessions and what runs in it.',
    input: z.strictObject({ session }),
    async handle({ session: name }, { terminals }) {
      await terminals.kill(name);
      return { text: `Ended ${name}.` };
    },
  },
  { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
);
