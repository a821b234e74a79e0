import * as z from 'zod';
import { defineReadOnlyTool } from '../../tool.ts';
import { judgeOrigin } from '../../origin.ts';
import type { EchoCall } from '../call.ts';
import { section } from '../format.ts';

export const corsAnalysis = defineReadOnlyTool({
  name: 'corsAnalysis',
  title: 'What a web page would be answered',
  description:
    'Says whether a web page of an origin may call this server, why, and with which CORS headers. Without an origin ' +
    'it looks at the one of this request.',
  input: z.object({
    origin: z
      .string()
      .max(2048)
      .optional()
      .describe('Such as https://app.example.com; left out: the origin of this request'),
  }),
  handle({ origin }, { request, facts }: EchoCall) {
    const asked = origin ?? request.headers['origin'];
    const { allowed, reason, headers } = judgeOrigin(asked, facts.allowedOrigins);
    const text = [
      section('CORS:', {
        Origin: asked ?? '(none)',
        Allowed: allowed ? 'yes' : 'no',
        Why: reason,
        'Configured origins': facts.allowedOrigins.join(', ') || '(none)',
      }),
      section('Headers of the answer to such a page:', headers),
    ].join('\n');
    return { text, data: { ...(asked !== undefined && { origin: asked }), allowed, reason, headers } };
  },
});
