import * as z from 'zod';
import { defineReadOnlyTool } from '../../tool.ts';
import type { EchoCall } from '../call.ts';
import { section } from '../format.ts';
import { redactHeaders } from '../redact.ts';

export const printHeader = defineReadOnlyTool({
  name: 'printHeader',
  title: 'Print the request headers',
  description:
    'Shows every HTTP header that reached the server, so that you can see who the gateway says you are (X-User-Id, ' +
    'X-User-Name, X-Client-Id). Tokens, cookies and the signed context are shown as [REDACTED].',
  input: z.object({}),
  handle(_args, { request }: EchoCall) {
    const headers = redactHeaders(request.headers);
    return { text: section('Headers of this request:', headers), data: { headers } };
  },
});
