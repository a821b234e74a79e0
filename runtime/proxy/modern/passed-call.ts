/** A request of 2026-07-28 on its way through a child of that revision: only its id and progress token change. */
import type { ToolRules } from '../../config/context.ts';
import { ErrorCode, type RpcNotification, type RpcRequest, type RpcResponse } from '../messages/json-rpc.ts';
import { passesLevel, type LogLevel } from '../messages/log-level.ts';
import type { PeerCall } from '../peer/peer-types.ts';
import { visiblePart } from '../tool-access.ts';
import type { ActiveCall, PooledPeer } from './places/pooled-peer.ts';
import type { Reply } from './reply.ts';

export interface PassedRequest {
  request: RpcRequest;
  /** The request as `parseBody` wrote it. */
  line: Buffer | undefined;
  tools: ToolRules | undefined;
  logLevel: LogLevel | undefined;
  reply: Reply;
}

/** The errors that the transport has a status of its own for. */
const STATUS = new Map<unknown, number>([
  [ErrorCode.methodNotFound, 404],
  [ErrorCode.headerMismatch, 400],
  [ErrorCode.missingCapability, 400],
  [ErrorCode.unsupportedProtocolVersion, 400],
]);

export function statusOf({ error }: RpcResponse): number {
  return STATUS.get(error?.['code']) ?? 200;
}

export class PassedCall implements ActiveCall {
  readonly #passed: PassedRequest;
  readonly #over: () => void;
  readonly #call: PeerCall;

  /** @param over called once, when the child has nothing more to do for it */
  constructor(passed: PassedRequest, { peer }: PooledPeer, over: () => void) {
    const { request, line, tools, reply } = passed;
    this.#passed = passed;
    this.#over = over;
    this.#call = peer.call(
      request,
      {
        onAnswer: (message, answer) => {
          over();
          reply.answer(visiblePart({ request, tools }, answer), statusOf(message));
        },
        onProgress: (_message, progress) => reply.send(progress),
      },
      line,
    );
  }

  /** Nobody waits for the answer any more. */
  abandon(reason: string): void {
    this.#call.cancel(reason);
    this.#over();
  }

  /** Servers of the era make no requests. */
  asked(): boolean {
    return false;
  }

  told({ method, params }: RpcNotification, line: Buffer): void {
    const { logLevel, reply } = this.#passed;
    if (method !== 'notifications/message' || logLevel === undefined) return;
    if (passesLevel(params?.['level'], logLevel)) reply.send(line);
  }
}
