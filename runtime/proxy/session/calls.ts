import type { ToolRules } from '../../config/context.ts';
import { progressTokenOf, type RpcId, type RpcRequest } from '../messages/json-rpc.ts';
import { ShortLivedMap } from '../short-lived.ts';
import type { Exchange } from '../streams/exchange.ts';

export interface Call {
  request: RpcRequest;
  exchange: Exchange;
  progressToken: RpcId | undefined;
  /** The caller's, when the request was made. */
  tools: ToolRules | undefined;
}

/** The requests of one session that its server has not answered yet, in the order in which they came. */
export class Calls {
  readonly #byId = new ShortLivedMap<RpcId, Call>();
  readonly #byToken = new ShortLivedMap<RpcId, Call>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: RpcId): Call | undefined {
    return this.#byId.get(id);
  }

  add(request: RpcRequest, exchange: Exchange, tools?: ToolRules): void {
    const call: Call = { request, exchange, progressToken: progressTokenOf(request), tools };
    this.#byId.set(request.id, call);
    if (call.progressToken !== undefined) this.#byToken.set(call.progressToken, call);
  }

  remove({ request, progressToken }: Call): void {
    const call = this.#byId.get(request.id);
    this.#byId.delete(request.id);
    if (progressToken !== undefined && this.#byToken.get(progressToken) === call)
      this.#byToken.delete(progressToken);
  }

  /** Removes and returns all calls, or all of one exchange. */
  take(exchange?: Exchange): Call[] {
    const taken = [...this.#byId.values()].filter(
      (call) => exchange === undefined || call.exchange === exchange,
    );
    for (const call of taken) this.remove(call);
    return taken;
  }

  /** @returns the exchange whose call is reported on under `token` */
  ofProgress(token: RpcId): Exchange | undefined {
    return this.#byToken.get(token)?.exchange;
  }

  /**
   * The pending POST that was opened last and can carry more than its answer.
   * @param duringInitialize whether one that only has `initialize` counts
   */
  latestExchange(duringInitialize: boolean): Exchange | undefined {
    let latest: Exchange | undefined;
    for (const { exchange, request } of this.#byId.values()) {
      if (exchange.canStream && (duringInitialize || request.method !== 'initialize')) latest = exchange;
    }
    return latest;
  }

  /** @returns the exchanges opened before `beforeMs`, but for the handshake's */
  exchangesBefore(beforeMs: number): Set<Exchange> {
    const found = new Set<Exchange>();
    for (const { exchange, request } of this.#byId.values()) {
      if (request.method !== 'initialize' && exchange.openedAtMs < beforeMs) found.add(exchange);
    }
    return found;
  }
}
