import type { ChildCommand, ChildHandlers } from '../child/child.ts';
import type { Graces } from '../child/ending.ts';
import type { RpcMessage } from '../messages/json-rpc.ts';

/** What a session has of a child: all of it, or its part of one that several share. */
export interface SessionChild {
  /** Bytes that the child has not read yet. */
  readonly unreadBytes: number;
  /**
   * @param line one message that ends with a newline and has no other
   * @param message what it says, where that is known
   */
  write(line: Buffer, message?: RpcMessage): void;
  /** Makes the child wait with what it says. Absent where others would wait, too. */
  holdOutput?(hold: boolean): void;
  /** Notes a line of stdout that is not part of the protocol. */
  logNoise(text: string): void;
  /** @returns resolved once nothing of the child is left, or the session's part in it is over */
  end(graces: Graces): Promise<void>;
}

export interface StartRequest {
  command: ChildCommand;
  /** Whose it is; undefined for one that all share. */
  user: string | undefined;
  handlers: ChildHandlers;
  /** Its owner finds out and speaks the child's own era; otherwise every child does the handshake (`modern-child`). */
  raw?: boolean;
}

/** Where sessions get their children from: a process model. */
export interface ChildSource {
  /**
   * The session initialises what it gets, says with `initialised` or `failed` what became of it, and ends it.
   * @throws StartRefusedError, PeerError, NoPipesError, or whatever `spawn` throws for a command that cannot even be tried
   */
  start(request: StartRequest): SessionChild | Promise<SessionChild>;
  /** It has answered `initialize`. */
  initialised(child: SessionChild): void;
  /** It did not. @param reason a clause */
  failed(child: SessionChild, reason: string): void;
  /** Others than sessions have calls that have not been answered; absent where children have nobody else. */
  readonly busy?: boolean;
  /** Ends what is nobody's, and at last everything. */
  close(graces: Graces): Promise<void>;
}
