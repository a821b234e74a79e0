/** What a peer (`peer.ts`) and its owner say to each other. */
import type { Logger } from '../../config/log.ts';
import type { ProxyLimits } from '../limits.ts';
import type { RpcNotification, RpcRequest, RpcResponse } from '../messages/json-rpc.ts';

export type { RpcNotification, RpcResponse } from '../messages/json-rpc.ts';

/** The params of `initialize`. */
export interface Handshake {
  protocolVersion: string;
  capabilities: Record<string, unknown>;
  clientInfo: Record<string, unknown>;
}

/** The child's answer to `initialize`, with whatever else is in it. */
export type Initialized = Record<string, unknown> & { protocolVersion: string };

/** Lines have no newline and are valid until the handler returns, unless copied. */
export interface PeerHandlers {
  /** What the child says that belongs to no call: log messages, changes of lists, what it cancels. */
  onNotification?(message: RpcNotification, line: Buffer): void;
  /**
   * A request of the child's, to be answered by `respond` under its id. Without this handler, or when it returns false,
   * the child gets an error at once. `ping` is answered already.
   */
  onRequest?(message: RpcRequest, line: Buffer): boolean;
  /** Once, when the child is gone or `end` was called, after all pending calls got an error. `reason` is a sentence. */
  onEnd?(reason: string): void;
}

export interface CallHandlers {
  /**
   * Once, unless the call is cancelled first: the child's answer, or an error when there cannot be one any more.
   * @param line carries the caller's own id, as does `message`
   */
  onAnswer(message: RpcResponse, line: Buffer): void;
  /** Progress of this call under the caller's own token. */
  onProgress?(message: RpcNotification, line: Buffer): void;
}

export interface PeerOptions {
  service: string;
  limits: ProxyLimits;
  logger: Logger;
  /** What every log entry carries: the service and the user. */
  logFields: object;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Tools are called one after the other: for a server that loses what it is told at once. */
  serialCalls?: boolean | undefined;
}

/** A request that the child has not answered yet. */
export interface PeerCall {
  /** What the child knows the request by. */
  readonly id: number;
  readonly request: RpcRequest;
  /** Tells the child to stop; no handler of the call is called from then on. A call that is over is left alone. */
  cancel(reason: string): void;
}

/** Why there is no peer. `message` is for the caller, `status` an HTTP status. */
export class PeerError extends Error {
  override name = 'PeerError';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}
