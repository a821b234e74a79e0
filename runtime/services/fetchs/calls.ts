/** The calls that are under way, so that a cancellation finds the one that it means. */

/** Whose call it is, and its JSON-RPC id as text that tells `1` from `"1"`. */
export type CallKey = string;

export function callKey(sessionId: string | undefined, id: unknown): CallKey | undefined {
  return sessionId === undefined ? undefined : `${sessionId} ${JSON.stringify(id)}`;
}

export class Calls {
  readonly #calls = new Map<CallKey, Set<AbortController>>();

  /** @param key undefined for a call that only its own stream can cancel */
  begin(key: CallKey | undefined, stream: AbortSignal): { signal: AbortSignal; end: () => void } {
    if (key === undefined) return { signal: stream, end: () => undefined };
    const controller = new AbortController();
    const calls = this.#calls.get(key) ?? new Set();
    this.#calls.set(key, calls.add(controller));
    return {
      signal: AbortSignal.any([stream, controller.signal]),
      end: () => {
        calls.delete(controller);
        if (calls.size === 0 && this.#calls.get(key) === calls) this.#calls.delete(key);
      },
    };
  }

  cancel(key: CallKey | undefined): void {
    for (const controller of (key !== undefined && this.#calls.get(key)) || []) controller.abort();
  }

  /** Cancels all. */
  close(): void {
    for (const key of this.#calls.keys()) this.cancel(key);
  }
}
