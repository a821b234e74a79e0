import * as z from 'zod';
import { defineReadOnlyTool } from '../../tool.ts';
import type { EchoCall } from '../call.ts';

export const echo = defineReadOnlyTool({
  name: 'echo',
  title: 'Echo',
  description:
    'Says your message back, unchanged. The quickest way to see that the whole way to the server works.',
  input: z.object({ message: z.string().describe('What to say back') }),
  handle({ message }, { memory, facts }: EchoCall) {
    memory?.remember(message, facts.now());
    return { text: message };
  },
});
