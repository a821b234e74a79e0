import { refillMs, takeFrom, type BucketState } from './bucket.ts';
import { ExpiringMap } from './expiring-map.ts';
import type { BucketAnswer, BucketLimit } from './store.ts';

/** Token buckets in this process, for the stores that only one process uses: a limit need not outlive it. */
export class Buckets {
  readonly #now: () => number;
  readonly #states: ExpiringMap<BucketState & { expiresAtMs: number }>;

  constructor(now: () => number) {
    this.#now = now;
    this.#states = new ExpiringMap(now);
  }

  take(name: string, limit: BucketLimit, count: number): BucketAnswer {
    const nowMs = this.#now();
    const { answer, state } = takeFrom(this.#states.get(name), limit, count, nowMs);
    this.#states.put(name, { ...state, expiresAtMs: state.atMs + refillMs(limit) });
    return answer;
  }
}
