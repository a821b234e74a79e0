/**
 * Which era a server's children are of. A server is asked once, and what it said holds for the process: all children of
 * one proxy are of one command and version.
 */
export type Era = 'handshake' | 'modern';

export class KnownEra {
  /** Undefined until a child has shown it. */
  current: Era | undefined;
}
