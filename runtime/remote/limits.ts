/** What one remote service may use of the gateway. */
export interface RemoteLimits {
  /** Largest message in either direction, in bytes. */
  maxMessageBytes: number;
  maxSessions: number;
  maxSessionsPerUser: number;
  /** A session without a request or an open stream for this long ends. */
  sessionIdleSeconds: number;
  /** Requests and streams of all users that are under way. */
  maxPending: number;
  maxPendingPerUser: number;
  /** How long the server may take to open a connection, in milliseconds. */
  connectTimeoutMs: number;
  /** How long it may take to begin its answer, which for a tool is often when the tool is done. In milliseconds. */
  answerTimeoutMs: number;
  /** How long the client may not read on, in milliseconds. Meanwhile nothing more is read from the server. */
  stalledMs: number;
  /** Interval of the comment that keeps idle streams open through middle boxes. */
  keepAliveSeconds: number;
  /** A GET stream ends at this age, so that its client comes again with a token that holds. */
  maxStreamSeconds: number;
}

export const DEFAULT_REMOTE_LIMITS: RemoteLimits = {
  maxMessageBytes: 10 * 1024 * 1024,
  maxSessions: 100,
  maxSessionsPerUser: 20,
  sessionIdleSeconds: 1800,
  maxPending: 256,
  maxPendingPerUser: 64,
  connectTimeoutMs: 10_000,
  answerTimeoutMs: 600_000,
  stalledMs: 120_000,
  keepAliveSeconds: 25,
  maxStreamSeconds: 600,
};
