import { pino } from 'pino';
import type { Logger } from '../config/log.ts';

/** One JSON object a line on standard output, with the time as ISO 8601. */
export function containerLogger(source: string): Logger {
  return pino({
    base: { source },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}
