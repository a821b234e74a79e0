import type { Logger } from '../config/log.ts';

/** What is worth a line in the log, whoever asks afterwards. */
export type AuditEvent =
  | 'client_registered'
  | 'client_refused'
  | 'client_updated'
  | 'client_deleted'
  | 'consent_given'
  | 'consent_denied'
  | 'signed_in'
  | 'sign_in_refused'
  | 'tokens_issued'
  | 'code_replayed'
  | 'tokens_refreshed'
  | 'refresh_retried'
  | 'refresh_reused'
  | 'tokens_revoked'
  | 'access_denied'
  | 'health_tokens_issued'
  | 'health_tokens_ended';

/** Ids and names only. There is no field for a token, code, secret or cookie (security invariant 10). */
export interface AuditFields {
  client?: string;
  clientName?: string | undefined;
  user?: string;
  userName?: string;
  grant?: string;
  service?: string;
  scope?: string;
  resources?: string[];
  provider?: string;
  reason?: string;
}

export type Audit = (event: AuditEvent, fields: AuditFields) => void;

/** @returns a function that writes one line per event */
export function createAudit(logger: Logger): Audit {
  return (event, fields) => logger.info({ event, ...fields }, event.replaceAll('_', ' '));
}
