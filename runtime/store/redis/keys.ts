/** Key names. The number is the version of what they hold; the braces keep what may join a record later in its slot. */
import type { RecordKind } from '../store.ts';

export const keyOf = {
  client: (id: string) => `mcpgw:1:client:{${id}}`,
  record: (kind: RecordKind, id: string) => `mcpgw:1:${kind}:{${id}}`,
  grant: (id: string) => `mcpgw:1:grant:{${id}}`,
  userRevocation: (id: string) => `mcpgw:1:user-revocation:{${id}}`,
  clientRevocation: (id: string) => `mcpgw:1:client-revocation:{${id}}`,
  bucket: (name: string) => `mcpgw:1:bucket:{${name}}`,
  signingKeys: 'mcpgw:1:signing-keys',
  events: 'mcpgw:1:events',
};

export const CLIENT_KEYS = 'mcpgw:1:client:*';

/** Where `Notice`s are published, as JSON. */
export const NOTICES = 'mcpgw:1:notices';

/**
 * How much longer Redis keeps a record than it lasts. The end is judged by our clock, to the millisecond; Redis's own
 * expiry only clears away, and must not come first where clocks differ.
 */
const SLACK_MS = 60_000;

/** @returns how long Redis keeps something that lasts until `expiresAtMs`, milliseconds */
export function ttlMs(expiresAtMs: number, nowMs: number): number {
  return Math.ceil(Math.max(expiresAtMs - nowMs, 0) + SLACK_MS);
}
