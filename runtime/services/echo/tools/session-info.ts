import * as z from 'zod';
import { defineReadOnlyTool } from '../../tool.ts';
import type { EchoCall } from '../call.ts';
import { duration, isoTime, section } from '../format.ts';

const NO_SESSION = {
  stateless: 'None: this service is stateless, and each request stands alone.',
  modern: 'None: protocol 2026-07-28 has no sessions. What you echo is remembered for you as a user.',
};

export const sessionInfo = defineReadOnlyTool({
  name: 'sessionInfo',
  title: 'This session',
  description: 'Shows your session: its id, its age and protocol version, and how many sessions there are.',
  input: z.object({}),
  handle(_args, { request, session, facts, era }: EchoCall) {
    const counts = facts.sessionCounts?.(request.caller.sub) ?? { total: 0, ofUser: 0 };
    const lines: Record<string, string | number> = { User: request.caller.name };
    const data: Record<string, unknown> = { era, sessions: counts };
    if (session === undefined) {
      lines['Session'] = facts.sessionCounts === undefined ? NO_SESSION.stateless : NO_SESSION.modern;
    } else {
      const ageSeconds = Math.floor((facts.now() - session.openedAtMs) / 1000);
      lines['Session'] = session.id;
      lines['Opened'] = `${isoTime(session.openedAtMs)} (${duration(ageSeconds)} ago)`;
      lines['Protocol version'] = session.protocolVersion ?? 'unknown';
      data['session'] = { id: session.id, openedAt: isoTime(session.openedAtMs), ageSeconds };
    }
    lines['Your sessions'] = counts.ofUser;
    lines['All sessions'] = counts.total;
    return { text: section(`Session on ${facts.service}:`, lines), data };
  },
});
