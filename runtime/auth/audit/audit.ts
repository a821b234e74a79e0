/** The audit trail: one line of JSON per security event in the log, and the recent ones in the store as well. */
import type { Logger } from '../../config/log.ts';
import type { Caller } from '../caller.ts';
import { RecentMap } from '../clients/recent-map.ts';
import { sha256 } from '../hashing.ts';
import { uniqueToken } from '../unique-bytes.ts';
import { eventKind, type AuditEvent, type AuditFields } from './events.ts';

export type { AuditEvent, AuditFields } from './events.ts';

/** How long a refusal is not kept again, in milliseconds. */
const REPEAT_MS = 60_000;

/** How many refusals are remembered for that. */
const MAX_REPEATS = 1_000;

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
  const keptAtMs = new RecentMap<number>(MAX_REPEATS);
  const isRepeated = (event: AuditEvent, fields: AuditFields, address: string | undefined): boolean => {
    const key = sha256(JSON.stringify([event, address, fields]));
    if (Math.abs(now() - (keptAtMs.get(key) ?? -Infinity)) < REPEAT_MS) return true;
    keptAtMs.set(key, now());
    return false;
  };
  return (event, fields, from = caller()) => {
    const { routine, repeats, alarm } = eventKind(event);
    count?.(event);
    const said = { event, ...from, ...fields };
    const text = event.replaceAll('_', ' ');
    if (alarm === true) logger.warn(said, text);
    else logger.info(said, text);
    if (routine === true || keep === undefined) return;
    // Else who is refused could push all that others did out of the ring.
    if (repeats === true && isRepeated(event, fields, from?.address)) return;
    keep(
      JSON.stringify({
        id: uniqueToken(9),
        time: new Date(now()).toISOString(),
        ...said,
      }),
    );
  };
}
