/** What a diagnostic tool may know: the request it came with, its session, and the service. */
import type { NativeRequest } from '../native.ts';
import type { EchoMemory } from './echo-memory.ts';
import type { Vitals } from './vitals.ts';

/** What the tools may know of the service, whatever the request. */
export interface EchoFacts {
  service: string;
  allowedOrigins: readonly string[];
  environment: () => Record<string, string | undefined>;
  vitals: () => Vitals;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Sessions that are open now; undefined where the service keeps none. */
  sessionCounts?: (userId: string) => { total: number; ofUser: number };
}

export interface SessionView {
  id: string;
  /** Milliseconds since the epoch. */
  openedAtMs: number;
  /** What the handshake agreed on. */
  protocolVersion: string | undefined;
}

export interface EchoCall {
  request: NativeRequest;
  facts: EchoFacts;
  /** `handshake`: protocol 2025-11-25 and earlier. `modern`: 2026-07-28, which has no sessions. */
  era: 'handshake' | 'modern';
  session?: SessionView;
  /** Where the last echo is kept; undefined in the stateless service. */
  memory?: EchoMemory;
}
