import * as z from 'zod';
import { defineReadOnlyTool } from '../../tool.ts';
import type { EchoCall } from '../call.ts';
import { section } from '../format.ts';
import { redactEnvironment } from '../redact.ts';

export const environmentDump = defineReadOnlyTool({
  name: 'environmentDump',
  title: 'How the service is configured',
  description:
    'Shows the configuration that the service runs with: MCP_* and a few other variables. Whatever looks like a ' +
    'secret is shown as [REDACTED], and the rest of the environment not at all.',
  input: z.object({}),
  handle(_args, { facts }: EchoCall) {
    const environment = redactEnvironment(facts.environment());
    return { text: section(`Configuration of ${facts.service}:`, environment), data: { environment } };
  },
});
