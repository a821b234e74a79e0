/** Where requests without a session get their children from. */
import type { CallerContext } from '../../../config/context.ts';
import type { Graces } from '../../child/ending.ts';
import type { Refusal } from '../../http.ts';
import type { LogLevel } from '../../messages/log-level.ts';
import type { Members } from '../envelope/envelope.ts';
import type { ActiveCall, PooledPeer } from './pooled-peer.ts';

/**
 * `exclusive`: nothing else during which the child may ask, where there is a child for that; `shared`: with others of its
 * kind; `any`: a child that works for somebody else will do, because it cannot ask during this call.
 */
export type Use = 'exclusive' | 'shared' | 'any';

export interface Places {
  /**
   * Finds or starts a child and lets `call` use it until `leave`.
   * @param capabilities the client's
   */
  join(
    caller: CallerContext,
    capabilities: Members,
    call: ActiveCall,
    use: Use,
  ): PooledPeer | Promise<PooledPeer | Refusal>;
  /** @param givenUp the child was told to stop before it answered, and may not have heard it yet */
  leave(pooled: PooledPeer, call: ActiveCall, givenUp?: boolean): void;
  /** Lets `call`, which has its place, hear of what the child logs from this level on. */
  setLogLevel(pooled: PooledPeer, level: LogLevel, call: ActiveCall): Promise<void>;
  /** Ends the children that have not been used for `idleMs`. */
  sweep(idleMs: number): void;
  /** No new child from now on. */
  refuseNew(): void;
  /** @returns resolved once no child is left */
  close(graces: Graces): Promise<void>;
}
