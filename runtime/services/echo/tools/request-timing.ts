import * as z from 'zod';
import { defineReadOnlyTool } from '../../tool.ts';
import type { EchoCall } from '../call.ts';
import { isoTime, section } from '../format.ts';

export const requestTiming = defineReadOnlyTool({
  name: 'requestTiming',
  title: 'How long this request takes',
  description:
    'Shows when this request arrived and how long its parts took in the service, and how old the signature of the ' +
    'gateway was. Compare with what your client measures to see what the way between costs.',
  input: z.object({}),
  handle(_args, { request, facts }: EchoCall) {
    const data = {
      receivedAt: isoTime(request.receivedAtMs),
      readAndParseMs: request.parsedAtMs - request.receivedAtMs,
      untilToolMs: facts.now() - request.receivedAtMs,
      // Signed in whole seconds, by another clock: no more than a hint.
      contextAgeSeconds: Math.max(0, Math.round(request.receivedAtMs / 1000 - request.caller.iat)),
    };
    const text = section('Timing of this request:', {
      Received: data.receivedAt,
      'Body read and parsed after': `${data.readAndParseMs} ms`,
      'This tool reached after': `${data.untilToolMs} ms`,
      'Age of the signed context': `${data.contextAgeSeconds} s`,
    });
    return { text, data };
  },
});
