/** The audit trail: one line of JSON per security event in the log, and the recent ones in the store as well. */
import { randomBytes } from 'node:crypto';
import type { Logger } from '../../config/log.ts';
import type { Caller } from '../caller.ts';
import { eventKind, type AuditEvent, type AuditFields } from './events.ts';

export type { AuditEvent, AuditFields } from './events.ts';

/**
 * @param caller of the request that it came from, where that is not the one being served
 */
export type Audit = <Event extends AuditEvent>(
  event: Event,
  fields: AuditFields<Event>,
  caller?: Caller,
) => void;

export interface AuditOptions {
  logger: Logger;
  /** The caller of the request that is being served. */
  caller: () => Caller | undefined;
  /** Takes an event for the ring of recent ones; never throws and never waits. */
  keep?: (line: string) => void;
  /** Counts the event. */
  count?: (event: string) => void;
  /** Milliseconds since the epoch. */
  now: () => number;
}

export function createAudit({ logger, caller, keep, count, now }: AuditOptions): Audit {
  return (event, fields, from = caller()) => {
    const { routine, alarm } = eventKind(event);
    count?.(event);
    const said = { event, ...from, ...fields };
    const text = event.replaceAll('_', ' ');
    if (alarm === true) logger.warn(said, text);
    else logger.info(said, text);
    if (routine === true || keep === undefined) return;
    keep(
      JSON.stringify({
        id: randomBytes(9).toString('base64url'),
        time: new Date(now()).toISOString(),
        ...said,
      }),
    );
  };
}
