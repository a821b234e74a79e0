/** What a child does wrong, in words: logged, and for those who wait for its answers. */
import type { Logger } from '../../config/log.ts';

/** @returns what the caller is told whose answer it was */
export function tooLong(bytes: number, limit: number, logger: Logger, logFields: object): string {
  logger.warn({ ...logFields, bytes, limit }, 'server message is too long and was dropped');
  return `The server's answer has ${bytes} bytes; the limit is ${limit}.`;
}

export interface Ended {
  service: string;
  /** A clause. */
  reason: string;
  /** It has not answered `initialize`. */
  early: boolean;
}

/** @returns what those are told who wait for an answer */
export function ended({ service, reason, early }: Ended, logger: Logger, logFields: object): string {
  const when = early ? ' before it answered initialize' : '';
  logger[early ? 'error' : 'warn']({ ...logFields, reason }, `server ended${when}`);
  return `The server of '${service}' ${reason}${when}${early ? '; its log says why' : ''}.`;
}
