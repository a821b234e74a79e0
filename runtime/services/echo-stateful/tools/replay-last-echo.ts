import * as z from 'zod';
import type { EchoCall } from '../../echo/call.ts';
import { isoTime } from '../../echo/format.ts';
import { defineReadOnlyTool } from '../../tool.ts';

const NOTHING = {
  handshake: 'Nothing has been echoed in this session yet. Call echo first.',
  modern: 'Nothing of yours has been echoed lately. Call echo first.',
};

export const replayLastEcho = defineReadOnlyTool({
  name: 'replayLastEcho',
  title: 'Replay the last echo',
  description:
    'Says the last message that you had echoed once more: the last of this session, or, for clients of protocol ' +
    '2026-07-28, which has no sessions, your own last one. Shows that the server keeps state for you alone.',
  input: z.object({}),
  handle(_args, { memory, era }: EchoCall) {
    const last = memory?.recall();
    if (last === undefined) return { text: NOTHING[era] };
    const cut = last.length > last.message.length;
    const note = cut ? `\n[cut: the first ${last.message.length} of ${last.length} characters]` : '';
    return {
      text: `${last.message}${note}`,
      data: { message: last.message, echoedAt: isoTime(last.atMs), cut },
    };
  },
});
