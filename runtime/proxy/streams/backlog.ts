/** What a server said while its client had no stream open, in order, bounded in number and bytes. */
import type { RpcId } from '../messages/json-rpc.ts';

export interface BacklogEntry {
  line: Buffer;
  /** Of a request, which the server waits to be answered. */
  requestId: RpcId | undefined;
}

export class Backlog {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #entries: BacklogEntry[] = [];
  #bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#entries.length;
  }

  get hasRequest(): boolean {
    return this.#entries.some((entry) => entry.requestId !== undefined);
  }

  /** @returns the oldest entries, which had to go to make room */
  add(entry: BacklogEntry): BacklogEntry[] {
    // A copy: the line is a view of a 64 kB chunk, which it would keep alive.
    this.#entries.push({ ...entry, line: Buffer.from(entry.line) });
    this.#bytes += entry.line.length;
    const dropped: BacklogEntry[] = [];
    while (
      this.#entries.length > this.#maxMessages ||
      (this.#bytes > this.#maxBytes && this.#entries.length > 1)
    ) {
      const oldest = this.#entries.shift();
      if (oldest === undefined) break;
      this.#bytes -= oldest.line.length;
      dropped.push(oldest);
    }
    return dropped;
  }

  /** Empties the backlog. */
  take(): BacklogEntry[] {
    const entries = this.#entries;
    this.#entries = [];
    this.#bytes = 0;
    return entries;
  }
}
