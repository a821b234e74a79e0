/** Calls whose client has been asked something and has not come back yet. */
import type { ModernCall } from './call.ts';
import { RequestStates } from './request-states.ts';

export class ParkedCalls {
  readonly #states: RequestStates;
  readonly #seconds: number;
  readonly #calls = new Map<string, { call: ModernCall; timer: NodeJS.Timeout }>();

  /** @param seconds how long a client may take to answer */
  constructor(service: string, seconds: number) {
    this.#states = new RequestStates(service);
    this.#seconds = seconds;
  }

  /** @returns the `requestState` that finds the call again */
  park(call: ModernCall): string {
    const expire = (): void => {
      this.#calls.delete(call.id);
      call.abandon('The client did not answer.');
    };
    this.#calls.set(call.id, { call, timer: setTimeout(expire, this.#seconds * 1000).unref() });
    return this.#states.seal(call.user, { call: call.id, round: call.round });
  }

  /** @returns the call, or why there is none */
  find(user: string, requestState: string): ModernCall | string {
    const state = this.#states.open(user, requestState);
    if (state === undefined) return 'requestState is not one that this server gave you, or was changed.';
    const call = this.#calls.get(state.call)?.call;
    if (call === undefined || call.round !== state.round || call.user !== user)
      return 'requestState has expired or was used already; make the request anew, without it.';
    return call;
  }

  remove(call: ModernCall): void {
    if (call.round === 0) return;
    clearTimeout(this.#calls.get(call.id)?.timer);
    this.#calls.delete(call.id);
  }

  /** Gives all of them up. */
  end(reason: string): void {
    for (const { call } of [...this.#calls.values()]) call.abandon(reason);
  }
}
