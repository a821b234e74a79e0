import * as z from 'zod';
import { defineReadOnlyTool } from '../../tool.ts';
import type { EchoCall } from '../call.ts';
import { duration, mebibytes, section } from '../format.ts';

export const healthProbe = defineReadOnlyTool({
  name: 'healthProbe',
  title: 'How the service is doing',
  description: 'Shows memory, uptime and load of the process behind this server.',
  input: z.object({}),
  handle(_args, { facts }: EchoCall) {
    const vitals = facts.vitals();
    const text = section(`${facts.service} is up:`, {
      Uptime: duration(vitals.uptimeSeconds),
      'Memory (resident)': mebibytes(vitals.rssBytes),
      'Heap in use': `${mebibytes(vitals.heapUsedBytes)} of ${mebibytes(vitals.heapTotalBytes)}`,
      'Load (1, 5, 15 min)': `${vitals.load.map((value) => value.toFixed(2)).join(', ')} on ${vitals.cpus} CPUs`,
      Node: vitals.nodeVersion,
    });
    return { text, data: { status: 'ok', ...vitals } };
  },
});
