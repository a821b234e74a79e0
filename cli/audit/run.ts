/** `mcpgw audit`: the recent security events, from the store of the gateway that runs. */
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { AUDIT_EVENTS, type EventKind, type EventView } from '../../runtime/embedded/admin.ts';
import { unexpected } from '../client/admin-answer.ts';
import type { AuditFlags } from '../commands/audit.ts';
import { EXIT, UserError } from '../errors.ts';
import { findGateway, type Gateway } from '../net/gateway.ts';
import { createOutput, type Output } from '../output.ts';
import { eventLine } from './text.ts';

/** How often `--follow` asks, in milliseconds. */
const EVERY_MS = 2_000;

/** How far back it is asked for, to filter from. */
const MOST = 1_000;

const eventsSchema = z.object({
  events: z.array(z.looseObject({ id: z.string(), time: z.string(), event: z.string() })),
});

export interface Following {
  /** Ends `--follow`. */
  signal?: AbortSignal;
  /** How often it asks, in milliseconds. */
  everyMs?: number;
}

export async function runAudit(
  flags: AuditFlags,
  output: Output = createOutput(flags),
  { signal, everyMs = EVERY_MS }: Following = {},
): Promise<void> {
  refuseUnknown(flags.event);
  const gateway = await findGateway(flags.dir, process.env);
  const all = await ask(gateway, flags);
  const events = all.slice(-flags.limit);
  if (flags.follow !== true) {
    output.result(events.map(eventLine).join('\n'), { events });
    if (events.length === 0) output.note('There is no such event.');
    return;
  }
  let seen = new Set(all.slice(0, -flags.limit).map(({ id }) => id));
  const ended = (): boolean => signal?.aborted === true;
  for (let latest = events; !ended(); latest = await ask(gateway, flags)) {
    for (const event of latest.filter(({ id }) => !seen.has(id))) output.result(eventLine(event), event);
    seen = new Set([...all, ...latest].map(({ id }) => id));
    await wait(everyMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

/** @throws UserError when no such kind of event is kept, which would be taken for one that did not happen */
function refuseUnknown(event: string | undefined): void {
  const names = Object.entries<EventKind>(AUDIT_EVENTS).flatMap(([name, { routine }]) =>
    routine ? [] : [name],
  );
  if (event === undefined || names.includes(event.toLowerCase())) return;
  throw new UserError(
    `--event is one of ${names.join(', ')}; mcpgw logs auth has the routine ones`,
    EXIT.usage,
  );
}

/** @returns oldest first */
async function ask(gateway: Gateway, { user, client, event }: AuditFlags): Promise<EventView[]> {
  const answer = await gateway.admin(['events', String(MOST)]);
  const found = eventsSchema.safeParse(answer.body);
  if (answer.status !== 200 || !found.success) throw unexpected(answer);
  const same = (wanted: string | undefined, ...values: unknown[]) =>
    wanted === undefined ||
    values.some((value) => typeof value === 'string' && value.toLowerCase() === wanted.toLowerCase());
  return (found.data.events as EventView[])
    .filter(
      (entry) =>
        same(user, entry.user, entry.userName) && same(client, entry.client) && same(event, entry.event),
    )
    .reverse();
}
