/**
 * Every security event, and what is said of it. The names are what `mcpgw audit --event` takes and what alarms are made
 * of, so one that is in use stays.
 */

/** What any event may say of whom it is about. */
interface Who {
  /** `client_id`. */
  client?: string | undefined;
  clientName?: string | undefined;
  /** The stable id, `<provider>:<subject>`. */
  user?: string | undefined;
  /** The login. */
  userName?: string | undefined;
  grant?: string | undefined;
}

/**
 * Ids, names and sentences of ours only. There is no field for a token, code, secret or cookie (security invariant 10).
 */
interface Details {
  service?: string | undefined;
  tool?: string | undefined;
  scope?: string | undefined;
  /** Exact resource URLs. */
  resources?: string[] | undefined;
  /** Id of the identity provider. */
  provider?: string | undefined;
  /** In words of ours, never of the caller's. */
  reason?: string | undefined;
  grantType?: string | undefined;
  kid?: string | undefined;
  /** Which limit. */
  limit?: string | undefined;
  redirectUri?: string | undefined;
}

export interface EventKind {
  /** Which details it has. */
  details: readonly (keyof Details)[];
  /** Ordinary business that comes by the thousand: in the log, but not among the recent events in the store. */
  routine?: true;
  /** Whoever is refused can be so at will: the same again from the same address is kept once a minute. */
  repeats?: true;
  /** Somebody should look. */
  alarm?: true;
}

const table = <const Events extends Record<string, EventKind>>(events: Events): Events => events;

export const AUDIT_EVENTS = table({
  client_registered: { details: ['reason'] },
  client_updated: { details: [] },
  client_deleted: { details: ['reason'] },
  /** Its authentication failed. */
  client_refused: { details: ['reason', 'service'], repeats: true },
  consent_given: { details: ['scope', 'resources', 'reason'] },
  /** A signed-in person agreed to the same before, and was not asked again. */
  consent_remembered: { details: ['scope', 'resources'] },
  consent_denied: { details: ['scope', 'resources'] },
  signed_in: { details: ['provider', 'scope', 'resources'] },
  signed_out: { details: [] },
  sign_in_refused: { details: ['provider', 'reason'] },
  device_requested: { details: ['scope', 'resources'] },
  device_approved: { details: ['scope', 'resources', 'provider'] },
  device_denied: { details: [] },
  code_issued: { details: ['scope', 'resources'] },
  tokens_issued: { details: ['scope', 'resources', 'grantType'] },
  code_replayed: { details: [], alarm: true },
  tokens_refreshed: { details: [], routine: true },
  refresh_retried: { details: [], routine: true },
  refresh_reused: { details: [], alarm: true },
  /** By the client itself, RFC 7009. */
  tokens_revoked: { details: ['reason'] },
  /** By the operator: every token and session of a person. */
  user_revoked: { details: ['reason'] },
  introspection_refused: { details: ['reason'], repeats: true },
  revocation_refused: { details: ['reason'], repeats: true },
  /** A token that is ours, at a service that it does not open. */
  access_denied: { details: ['service', 'tool', 'reason'], repeats: true },
  policy_changed: { details: ['reason'] },
  policy_refused: { details: ['reason'], alarm: true },
  key_rotated: { details: ['kid', 'reason'] },
  key_removed: { details: ['kid', 'reason'] },
  rate_limited: { details: ['limit'], alarm: true },
  health_tokens_issued: { details: ['resources'], routine: true },
  health_tokens_ended: { details: [], routine: true },
});

export type AuditEvent = keyof typeof AUDIT_EVENTS;

export type AuditFields<Event extends AuditEvent = AuditEvent> = Who &
  Pick<Details, (typeof AUDIT_EVENTS)[Event]['details'][number]>;

/** @returns its place in the table */
export function eventKind(event: AuditEvent): EventKind {
  return AUDIT_EVENTS[event];
}
