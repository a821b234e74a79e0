/** What one proxy may use. Every number has a default that is safe for a machine with 1 GB of memory. */
export interface ProxyLimits {
  /** Largest JSON-RPC message in either direction, in bytes. */
  maxMessageBytes: number;
  /** Sessions of all users together; each has its own child. */
  maxSessions: number;
  maxSessionsPerUser: number;
  /** Children of all users together, whoever started them; spares do not count. */
  maxChildren: number;
  maxChildrenPerUser: number;
  /** A child that many sessions may share and none uses ends after this long. */
  idleChildSeconds: number;
  /** Spares of all commands together. */
  maxSpareChildren: number;
  /** A command that nobody started for this long has no spare any more. */
  spareIdleSeconds: number;
  /** A session without a request, a pending call or an open stream for this long ends. */
  sessionIdleSeconds: number;
  /** How long a client may take to come back to a call that has asked it something (2026-07-28). */
  parkedCallSeconds: number;
  /** How long a child may take to answer `initialize`. */
  initializeTimeoutSeconds: number;
  /** A stream whose reader is this far behind is closed, in bytes. The same bound holds for a child that does not read. */
  maxBufferedBytes: number;
  /** A reply of which its client has taken nothing for this long is cut off. */
  stallSeconds: number;
  /** Requests of one session that may wait for an answer, in each direction. */
  maxPendingCalls: number;
  /** Messages kept for a client that has no stream open. */
  maxBacklogMessages: number;
  /** How long a call whose stream broke goes on without its client, which may come back for the answer. */
  resumeSeconds: number;
  /** Events of a session's streams that are kept for a client that comes back, and for how long. */
  maxReplayMessages: number;
  replaySeconds: number;
  /** Interval of the comment that keeps idle streams open through middle boxes. */
  keepAliveSeconds: number;
  /** A GET stream ends at this age, give or take that interval, so that its client comes again with a token that holds. */
  maxStreamSeconds: number;
  /** From closing the child's stdin to SIGTERM, in milliseconds. */
  stdinGraceMs: number;
  /** From SIGTERM to SIGKILL, in milliseconds. */
  termGraceMs: number;
}

export const DEFAULT_LIMITS: ProxyLimits = {
  maxMessageBytes: 10 * 1024 * 1024,
  maxSessions: 100,
  maxSessionsPerUser: 20,
  maxChildren: 100,
  maxChildrenPerUser: 20,
  idleChildSeconds: 300,
  maxSpareChildren: 8,
  spareIdleSeconds: 600,
  sessionIdleSeconds: 1800,
  parkedCallSeconds: 300,
  initializeTimeoutSeconds: 60,
  maxBufferedBytes: 16 * 1024 * 1024,
  maxPendingCalls: 256,
  maxBacklogMessages: 256,
  stallSeconds: 30,
  resumeSeconds: 15,
  maxReplayMessages: 256,
  replaySeconds: 300,
  keepAliveSeconds: 25,
  maxStreamSeconds: 600,
  stdinGraceMs: 300,
  termGraceMs: 1000,
};

const MIN_SWEEP_MS = 50;
const MAX_SWEEP_MS = 10_000;

/** @returns how often to look for what has been idle for so long, in milliseconds */
export function sweepMs(idleSeconds: number): number {
  return Math.min(MAX_SWEEP_MS, Math.max(MIN_SWEEP_MS, (idleSeconds * 1000) / 4));
}
