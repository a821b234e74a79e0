import * as z from 'zod';
import { defineReadOnlyTool } from '../../tool.ts';
import type { EchoCall } from '../call.ts';

export const whoIStheGOAT = defineReadOnlyTool({
  name: 'whoIStheGOAT',
  title: 'Who is the GOAT?',
  description: 'Answers, from an unimpeachable source, who the greatest of all time is.',
  input: z.object({}),
  handle(_args, { request: { caller } }: EchoCall) {
    const name = caller.name || caller.sub;
    return {
      text: `The greatest of all time is ${name}. The gateway has signed it, so it must be true.`,
      data: { goat: name },
    };
  },
});
