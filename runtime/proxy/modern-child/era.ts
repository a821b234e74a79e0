/**
 * Which era a server's children are of. A server is asked once, and what it said holds for the process: all children of
 * one proxy are of one command and version.
 */
export interface KnownEra {
  /** Whether they do the handshake; undefined until one has shown it. */
  handshake: boolean | undefined;
  /** Whether they speak 2026-07-28, beside the handshake or alone; undefined until one has shown it. */
  modern: boolean | undefined;
}
